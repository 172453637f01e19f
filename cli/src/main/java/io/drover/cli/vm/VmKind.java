package io.drover.cli.vm;

import io.drover.cli.api.ResourceNames;
import io.drover.cli.output.Column;
import io.drover.cli.output.Detail;
import io.drover.cli.output.Emphasis;
import io.drover.cli.output.Kind;
import io.drover.cli.output.Quantity;
import io.drover.proto.v1.HaPolicy;
import io.drover.proto.v1.Placement;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmConsoles;
import io.drover.proto.v1.VmDisk;
import io.drover.proto.v1.VmExit;
import io.drover.proto.v1.VmState;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** How VMs are shown. */
public final class VmKind {
    private static final String STATE_PREFIX = "VM_STATE_";

    private VmKind() {}

    public static Kind<Vm> at(Clock clock) {
        return new Kind<>("vms", Vm::getName,
                List.of(Column.of("NAME", vm -> ResourceNames.VM.id(vm.getName())),
                        new Column<>("STATE", VmKind::state, VmKind::emphasis),
                        Column.of("HOST", vm -> ResourceNames.HOST.id(vm.getHost())),
                        Column.of("DRIVER", Vm::getDriver),
                        Column.of("VCPUS", vm -> String.valueOf(vm.getSpec().getVcpus())),
                        Column.of("MEMORY", vm -> Quantity.bytes(vm.getSpec().getMemoryBytes())),
                        Column.of("IMAGE", vm -> ResourceNames.IMAGE.id(vm.getSpec().getImage())),
                        Column.of("AGE", vm -> Quantity.age(vm.getCreateTime(), clock)),
                        new Column<>("MESSAGE", Vm::getStateMessage, vm -> Emphasis.FAINT)),
                vm -> details(vm, clock));
    }

    /** "RUNNING", with a question mark while the host does not answer. */
    public static String state(Vm vm) {
        String state = vm.getState().name();
        String plain = state.startsWith(STATE_PREFIX) ? state.substring(STATE_PREFIX.length()) : state;
        return vm.getHost().isEmpty() || vm.getHostReachable() ? plain : plain + "?";
    }

    private static Emphasis emphasis(Vm vm) {
        return switch (vm.getState()) {
            case VM_STATE_RUNNING -> vm.getHostReachable() ? Emphasis.GOOD : Emphasis.WARNING;
            case VM_STATE_PENDING, VM_STATE_STARTING, VM_STATE_STOPPING, VM_STATE_DELETING,
                    VM_STATE_SUSPENDING ->
                Emphasis.WARNING;
            case VM_STATE_FAILED -> Emphasis.BAD;
            case VM_STATE_STOPPED, VM_STATE_SUSPENDED -> Emphasis.FAINT;
            case VM_STATE_UNSPECIFIED, UNRECOGNIZED -> Emphasis.NONE;
        };
    }

    private static List<Detail> details(Vm vm, Clock clock) {
        Detail.Sheet sheet = new Detail.Sheet().add("Name", ResourceNames.VM.id(vm.getName()))
                .add("State", state(vm), emphasis(vm))
                .add("Message", vm.getStateMessage());
        if (!vm.getHost().isEmpty()) {
            sheet.add("Host",
                    ResourceNames.HOST.id(vm.getHost()) + (vm.getHostReachable() ? "" : " (does not answer)"));
        }
        sheet.add("Saved on", ResourceNames.HOST.id(vm.getSavedHost())).add("Driver", vm.getDriver())
                .add("vCPUs", String.valueOf(vm.getSpec().getVcpus()))
                .add("Memory", Quantity.bytes(vm.getSpec().getMemoryBytes()))
                .add("Image", ResourceNames.IMAGE.id(vm.getSpec().getImage()))
                .add("Appended", vm.getSpec().getExtraCommandLine())
                .add("Wanted driver", vm.getSpec().getDriver())
                .add("Selector", pairs(vm.getSpec().getHostSelectorMap()))
                .add("CPU features", String.join(" ", vm.getSpec().getCpuFeaturesList()))
                .add("CPU model", ResourceNames.CPU_MODEL.id(vm.getSpec().getCpuModel()))
                .add("Disks", spec(vm.getSpec().getDisksList()))
                .add("Nics", NicText.of(vm.getSpec().getNicsList()))
                .add("Vsock", vm.getSpec().getVsock() ? runFile(vm, "vsock") : "")
                .add("Console", vm.getSpec().getConsoles().getKind() == VmConsoles.Kind.VIRTIO ? "virtio" : "")
                .add("Ports", ports(vm))
                .add("Balloon", vm.getSpec().hasBalloon() ? "yes" : "")
                .add("Watchdog", vm.getSpec().hasWatchdog() ? vm.getSpec().getWatchdog().getAction().name() : "")
                .add("Huge pages", ResourceText.hugePages(vm.getSpec().getResources()))
                .add("Prefault", vm.getSpec().getResources().getPrefault() ? "yes" : "")
                .add("NUMA node", ResourceText.numa(vm.getSpec().getResources()))
                .add("Dedicated CPUs", vm.getSpec().getResources().getDedicatedCpus() ? "yes" : "")
                .add("CPU limit", ResourceText.limit(vm.getSpec().getResources()))
                .add("CPU weight", vm.getSpec().getResources().getCpuWeight() == 0 ? ""
                        : String.valueOf(vm.getSpec().getResources().getCpuWeight()))
                .add("HA", vm.getSpec().getHaPolicy() == HaPolicy.HA_POLICY_RESTART ? "restart" : "")
                .add("In this state", Quantity.age(vm.getStateTime(), clock))
                .add("Created", Quantity.time(vm.getCreateTime()));
        if (!vm.getMigration().isEmpty()) {
            sheet.add("Migration", ResourceNames.MIGRATION.id(vm.getMigration()));
        }
        if (vm.getReboots() > 0) {
            sheet.add("Reboots", String.valueOf(vm.getReboots()));
        }
        if (vm.hasLastExit() && vm.getState() != VmState.VM_STATE_RUNNING) {
            sheet.add("Last exit", exit(vm.getLastExit()));
        }
        if (vm.hasPlacement()) {
            sheet.add("Placement", placement(vm.getPlacement()));
        }
        return sheet.add("Epoch", String.valueOf(vm.getEpoch())).add("UID", vm.getUid()).details();
    }

    /** Where a socket of the VM's is on its host. */
    private static String runFile(Vm vm, String name) {
        return "vms/" + vm.getUid() + "/run/" + name + " in the agent's data folder";
    }

    private static String ports(Vm vm) {
        return vm.getSpec().getConsoles().getPortsList().stream().map(name -> name + ": " + runFile(vm, "port-" + name))
                .collect(Collectors.joining("\n"));
    }

    private static String exit(VmExit exit) {
        return exit.getCause().name() + (exit.getMessage().isEmpty() ? "" : ": " + exit.getMessage());
    }

    private static String spec(List<VmDisk> disks) {
        return disks.stream().map(VmKind::spec).collect(Collectors.joining("\n"));
    }

    private static String spec(VmDisk disk) {
        StringBuilder text = new StringBuilder(disk.getName()).append(':');
        if (disk.getSizeBytes() > 0) {
            text.append(' ').append(Quantity.bytes(disk.getSizeBytes()));
        }
        if (!disk.getImage().isEmpty()) {
            text.append(" of ").append(ResourceNames.IMAGE.id(disk.getImage()));
        }
        if (disk.getReadOnly()) {
            text.append(", read-only");
        }
        if (!disk.getSerial().isEmpty()) {
            text.append(", serial ").append(disk.getSerial());
        }
        if (disk.getCacheMode() == VmDisk.CacheMode.WRITE_THROUGH) {
            text.append(", write-through");
        }
        return text.toString();
    }

    private static String pairs(Map<String, String> map) {
        return new TreeMap<>(map).entrySet().stream().map(entry -> entry.getKey() + "=" + entry.getValue())
                .collect(Collectors.joining(" "));
    }

    /** A decision of the scheduler: where to and why, or why nowhere. */
    public static String placement(Placement placement) {
        StringBuilder text = new StringBuilder();
        if (placement.getHost().isEmpty()) {
            text.append("no host fits");
        } else {
            text.append(ResourceNames.HOST.id(placement.getHost())).append(" with ").append(placement.getDriver())
                    .append(String.format(java.util.Locale.ROOT, ", score %.3f", placement.getScore()));
        }
        text.append("\n").append(placement.getHostsFeasible()).append(" of ").append(placement.getHostsConsidered())
                .append(" hosts fit");
        if (placement.getRejectedCount() > 0) {
            text.append("; rejected by ").append(placement.getRejectedList().stream()
                    .map(count -> count.getFilter() + ": " + count.getHosts()).collect(Collectors.joining(", ")));
        }
        if (!placement.getNearestMiss().isEmpty()) {
            text.append("\nnearest miss: ").append(placement.getNearestMiss());
        }
        return text.toString();
    }

    /** A placement on its own. */
    public static Kind<Placement> placementKind() {
        return new Kind<>("placements", Placement::getHost, List.of(),
                placement -> new Detail.Sheet().add("Placement", placement(placement)).details());
    }
}
