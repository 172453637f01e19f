package io.drover.cli.wrong.vmm.bus;

import io.drover.cli.wrong.vmm.serial.UsesTheBus;

public record UsesADevice(UsesTheBus device) {}
