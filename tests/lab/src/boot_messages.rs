//! What a machine prints on its console while it boots and installs: the same for the same boot.

/// The firmware begins with an empty screen.
pub(crate) const FIRMWARE: &str =
    "\x1b[2J\x1b[01;01H\x1b[0m\x1b[37mUEFI firmware of the lab\x1b[0m\r\n";

pub(crate) fn network_boot(mac: &str) -> String {
    format!(">>Start PXE over IPv4 on {mac}.\r\n")
}

pub(crate) fn fetched(what: &str, name: &str) -> String {
    format!("Fetched the {what} {name}\r\n")
}

pub(crate) fn kernel_start(command_line: &str) -> String {
    format!(
        "[    0.000000] Linux version 6.1.0-lab\r\n\
         [    0.000000] Kernel command line: {command_line}\r\n"
    )
}

pub(crate) fn installer_failed(problem: &str) -> String {
    format!(
        "\x1b[1;31m!! The installer cannot go on\x1b[0m\r\n{}\r\n",
        problem.trim_end().replace('\n', "\r\n")
    )
}

/// The installer's bar is drawn again and again on one line.
pub(crate) const INSTALLING: &str =
    "Installing the base system\r\n 10%\r 50%\r 99%\rPartitions were made.\r\n";

pub(crate) const INSTALLATION_FAILED: &str = "\x1b[1;31m!! Installation step failed\x1b[0m\r\n";

pub(crate) const INSTALLED: &str = "Installation complete\r\nreboot: Restarting system\r\n";

pub(crate) const BOOTS_DISK: &str = "Booting from the disk\r\n";
