package io.drover.cli.vm;

import picocli.CommandLine.Command;

/** What can be done with the nics of a VM. */
@Command(name = "nic", description = "Look at a VM's nics and change them, while it runs or is stopped.",
        subcommands = {
                VmNicList.class, VmNicAttach.class, VmNicDetach.class},
        synopsisSubcommandLabel = "COMMAND")
final class VmNicCommand {}
