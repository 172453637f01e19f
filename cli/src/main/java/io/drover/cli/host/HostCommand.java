package io.drover.cli.host;

import picocli.CommandLine.Command;

/** What can be done with hosts. */
@Command(name = "host", description = "Look at the hosts, and keep new VMs off them.", subcommands = {HostList.class,
        HostGet.class, HostCordon.class, HostUncordon.class, HostCheck.class}, synopsisSubcommandLabel = "COMMAND")
public final class HostCommand {}
