package io.drover.cli.vm;

import io.drover.cli.api.ResourceNames;
import io.drover.proto.v1.Vm;

/** What was done to a VM, for people. */
final class Sentences {
    private Sentences() {}

    static String about(String done, Vm vm) {
        String where = vm.getHost().isEmpty() ? ""
                : " on " + ResourceNames.HOST.id(vm.getHost())
                        + (vm.getDriver().isEmpty() ? "" : " (" + vm.getDriver() + ")");
        return done + " " + ResourceNames.VM.id(vm.getName()) + ": " + VmKind.state(vm) + where;
    }
}
