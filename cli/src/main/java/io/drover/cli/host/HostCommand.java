package io.drover.cli.host;

import picocli.CommandLine.Command;

/** What can be done with hosts. */
@Command(name = "host", description = "Look at the hosts, keep new VMs off them, and forget those that are gone.",
        subcommands = {HostList.class,
                HostGet.class, HostCordon.class, HostUncordon.class, HostConfirmOff.class, HostDelete.class,
                HostCheck.class},
        synopsisSubcommandLabel = "COMMAND")
public final class HostCommand {}
