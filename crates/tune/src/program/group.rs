//! Process groups: a program is ended with everything that it started.

use std::io;
use std::process::{Child, Command};

/// Lets the command run in a process group of its own, which a Ctrl-C of the terminal does not reach.
#[cfg(unix)]
pub(super) fn isolate(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

#[cfg(unix)]
fn signal(child: &Child, signal: nix::sys::signal::Signal) {
    use nix::sys::signal::killpg;
    use nix::unistd::Pid;
    if let Ok(pid) = i32::try_from(child.id()) {
        // A group that has ended needs no signal.
        let _ = killpg(Pid::from_raw(pid), signal);
    }
}

/// Asks the group to end.
#[cfg(unix)]
pub(super) fn terminate(child: &mut Child) {
    signal(child, nix::sys::signal::Signal::SIGTERM);
}

/// Ends the group.
#[cfg(unix)]
pub(super) fn kill(child: &mut Child) {
    signal(child, nix::sys::signal::Signal::SIGKILL);
}

/// Whether the program has ended. It is not reaped, so that its number remains the group's.
#[cfg(target_os = "linux")]
pub(super) fn has_ended(child: &mut Child) -> io::Result<bool> {
    use nix::errno::Errno;
    use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
    use nix::unistd::Pid;
    let pid = i32::try_from(child.id()).map_err(io::Error::other)?;
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    match waitid(Id::Pid(Pid::from_raw(pid)), flags) {
        Ok(WaitStatus::StillAlive) | Err(Errno::EINTR) => Ok(false),
        Ok(_) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

/// Whether the program has ended.
#[cfg(not(target_os = "linux"))]
pub(super) fn has_ended(child: &mut Child) -> io::Result<bool> {
    Ok(child.try_wait()?.is_some())
}

/// There are no process groups here.
#[cfg(not(unix))]
pub(super) fn isolate(_: &mut Command) {}

/// Ends the program, since there is no request to end here.
#[cfg(not(unix))]
pub(super) fn terminate(child: &mut Child) {
    kill(child);
}

/// Ends the program; what it started goes on.
#[cfg(not(unix))]
pub(super) fn kill(child: &mut Child) {
    let _ = child.kill();
}
