export default { extensions: ['ts'], workerThreads: false, timeout: '5m', files: ['test/package/**/*.test.ts'] }
