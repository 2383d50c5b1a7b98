// One file after the other: these tests kill and stop what others would use.
export default { extensions: ['ts'], workerThreads: false, concurrency: 1, serial: true, timeout: '20m', files: ['test/faults/**/*.test.ts'] }
