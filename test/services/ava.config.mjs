export default { extensions: ['ts'], workerThreads: false, timeout: '5m', files: ['test/services/**/*.test.ts'] }
