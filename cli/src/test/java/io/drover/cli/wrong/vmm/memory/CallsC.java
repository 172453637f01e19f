package io.drover.cli.wrong.vmm.memory;

import java.lang.foreign.Linker;

public record CallsC(Linker linker) {}
