export default { extensions: ['ts'], workerThreads: false, timeout: '20m', files: ['test/faults/**/*.test.ts'] }
