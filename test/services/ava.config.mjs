// Three files beside one another: a test mostly waits for a server.
export default { extensions: ['ts'], workerThreads: false, timeout: '5m', concurrency: 3, files: ['test/services/**/*.test.ts'] }
