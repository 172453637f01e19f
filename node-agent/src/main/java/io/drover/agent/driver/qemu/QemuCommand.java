package io.drover.agent.driver.qemu;

import io.drover.agent.driver.MachinePlan;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The command line of QEMU for one machine (qemu-system-x86_64(1)). */
final class QemuCommand {
    private QemuCommand() {}

    static List<String> of(Path program, Accelerator accelerator, MachinePlan plan, QemuFiles files) {
        List<String> line = new ArrayList<>();
        // The FIFO is opened for reading and writing, so that QEMU never sees its end, whichever agents come and go.
        line.addAll(List.of("sh", "-c", "mkfifo -m 600 console.in && exec \"$@\" <>console.in >>console.log", "qemu"));
        line.add(program.toString());
        line.addAll(List.of("-nodefaults", "-no-user-config", "-display", "none"));
        line.addAll(List.of("-name", "guest=" + plan.identity().name() + ",debug-threads=on"));
        // Also what a later agent finds the process by: Driver.marker.
        line.addAll(List.of("-pidfile", files.pidFile().toString()));
        line.addAll(QemuMemory.arguments(plan));
        line.addAll(List.of("-accel", accelerator.argument(), "-cpu", accelerator.cpu()));
        line.addAll(List.of("-smp", Integer.toString(plan.vcpus()), "-m", "size=" + (plan.memoryBytes() >> 20) + "M"));
        line.addAll(List.of("-kernel", plan.kernel().toString()));
        plan.initramfs().ifPresent(initramfs -> line.addAll(List.of("-initrd", initramfs.toString())));
        line.addAll(List.of("-append", plan.commandLine()));
        line.addAll(List.of("-chardev", "stdio,id=console,mux=off,signal=off"));
        line.addAll(QemuConsoles.arguments(plan.consoles(), "console"));
        line.addAll(List.of("-device", "pvpanic,ioport=0x505"));
        line.addAll(List.of("-qmp", "unix:" + QemuFiles.MONITOR_SOCKET + ",server=on,wait=off"));
        for (int index = 0; index < plan.disks().size(); index++) {
            line.addAll(QemuDisk.arguments(plan.disks().get(index), index));
        }
        for (int index = 0; index < plan.nics().size(); index++) {
            line.addAll(QemuNic.arguments(plan.nics().get(index), index, plan.identity().uid()));
        }
        line.addAll(QemuDevices.arguments(plan.devices()));
        // A reset ends the process, as under the other driver: the agent counts reboots and starts again.
        line.addAll(List.of("-no-reboot", "-rtc", "base=utc"));
        // How it ended, for an agent that was away; "cpu_reset" is the only trace that a triple fault leaves.
        line.addAll(List.of("-D", files.account().toString(), "-d",
                "cpu_reset,trace:runstate_set,trace:qemu_system_shutdown_request"));
        line.addAll(List.of("-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"));
        // The guest waits for the monitor to be connected: else one that ends at once could not be told from a QEMU
        // that failed.
        line.add("-S");
        return line;
    }
}
