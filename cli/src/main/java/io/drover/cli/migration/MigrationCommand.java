package io.drover.cli.migration;

import picocli.CommandLine.Command;

/** What can be done with migrations, once one has begun. */
@Command(name = "migration",
        description = "Look at, follow and cancel live migrations; `drover vm migrate` begins one.",
        subcommands = {MigrationList.class, MigrationGet.class, MigrationWatchCommand.class, MigrationCancel.class},
        synopsisSubcommandLabel = "COMMAND")
public final class MigrationCommand {}
