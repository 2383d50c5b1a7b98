// Two files beside one another, as much as two cores bear: leases and deadlines of a second must not be lost to the tests beside them.
export default { extensions: ['ts'], workerThreads: false, timeout: '5m', concurrency: 2, files: ['test/services/**/*.test.ts'] }
