package io.drover.cli.vm;

import picocli.CommandLine.Command;

/** What can be done with the disks of a VM. */
@Command(name = "disk", description = "Look at a VM's disks and change them, while it runs or is stopped.",
        subcommands = {
                VmDiskList.class, VmDiskAttach.class, VmDiskDetach.class, VmDiskResize.class,
                VmDiskLimit.class},
        synopsisSubcommandLabel = "COMMAND")
final class VmDiskCommand {}
