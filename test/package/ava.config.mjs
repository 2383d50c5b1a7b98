export default { extensions: ['ts'], workerThreads: false, timeout: '120s', files: ['test/package/**/*.test.ts'] }
