package io.drover.cli.task;

import picocli.CommandLine.Command;

/** What can be done with tasks. */
@Command(name = "task", description = "Look at, wait for and cancel what is under way.", subcommands = {TaskList.class,
        TaskGet.class, TaskWaitCommand.class, TaskCancel.class}, synopsisSubcommandLabel = "COMMAND")
public final class TaskCommand {}
