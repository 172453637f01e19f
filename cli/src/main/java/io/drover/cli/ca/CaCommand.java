package io.drover.cli.ca;

import picocli.CommandLine.Command;

/** What can be done with certificates. */
@Command(name = "ca", description = "Make a certificate authority for a cluster, and certificates for its parts.",
        subcommands = {
                CaInit.class, CaIssue.class},
        synopsisSubcommandLabel = "COMMAND")
public final class CaCommand {}
