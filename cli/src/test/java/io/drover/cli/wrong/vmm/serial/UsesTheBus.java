package io.drover.cli.wrong.vmm.serial;

import io.drover.cli.wrong.vmm.bus.UsesADevice;
import java.util.List;

public record UsesTheBus(List<UsesADevice> bus) {}
