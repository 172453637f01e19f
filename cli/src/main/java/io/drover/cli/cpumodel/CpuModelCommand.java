package io.drover.cli.cpumodel;

import picocli.CommandLine.Command;

/** What can be done with CPU models. */
@Command(name = "cpu-model", description = "Make, look at and delete CPUs that several hosts can show their VMs.",
        subcommands = {CpuModelCreate.class, CpuModelList.class, CpuModelGet.class, CpuModelDelete.class},
        synopsisSubcommandLabel = "COMMAND")
public final class CpuModelCommand {}
