// Three files beside one another, for each mostly waits; a test has the servers that it kills to itself (with-servers.ts).
export default { extensions: ['ts'], workerThreads: false, concurrency: 3, timeout: '20m', files: ['test/faults/**/*.test.ts'] }
