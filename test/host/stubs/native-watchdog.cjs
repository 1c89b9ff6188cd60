// Stands in for the native module @vscode/native-watchdog, which needs a compiler:
// ends this process once the process that started it is gone.
const lostParentExitCode = 87;

exports.start = parentProcessId => {
  const isAlive = () => {
    try {
      process.kill(parentProcessId, 0);
      return true;
    } catch {
      return false;
    }
  };
  setInterval(() => {
    if (!isAlive()) process.exit(lostParentExitCode);
  }, 1000).unref();
};
