package io.drover.cli.vm;

import io.drover.cli.console.VmConsole;
import picocli.CommandLine.Command;

/** What can be done with VMs. */
@Command(name = "vm", description = "Create, look at, start, pause, stop and delete virtual machines.", subcommands = {
        VmCreate.class, VmGet.class, VmList.class, VmDelete.class, VmStart.class, VmStop.class, VmPause.class,
        VmConsole.class,
        VmLogs.class, VmTop.class, VmWait.class, VmWatchCommand.class, VmDiskCommand.class, VmNicCommand.class,
        VmMemory.class, VmMigrate.class}, synopsisSubcommandLabel = "COMMAND")
public final class VmCommand {}
