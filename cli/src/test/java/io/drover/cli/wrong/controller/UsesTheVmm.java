package io.drover.cli.wrong.controller;

import io.drover.cli.wrong.vmm.memory.CallsC;

public record UsesTheVmm(CallsC memory) {}
