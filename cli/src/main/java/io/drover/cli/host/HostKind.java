package io.drover.cli.host;

import io.drover.cli.api.ResourceNames;
import io.drover.cli.output.Column;
import io.drover.cli.output.Detail;
import io.drover.cli.output.Emphasis;
import io.drover.cli.output.Kind;
import io.drover.cli.output.Quantity;
import io.drover.proto.v1.Host;
import io.drover.proto.v1.HostDriver;
import io.drover.proto.v1.HostMigrations;
import io.drover.proto.v1.HostResources;
import java.time.Clock;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** How hosts are shown. */
final class HostKind {
    private HostKind() {}

    static Kind<Host> at(Clock clock) {
        return new Kind<>("hosts", Host::getName,
                List.of(Column.of("NAME", host -> ResourceNames.HOST.id(host.getName())),
                        new Column<>("STATE", HostKind::state, HostKind::emphasis),
                        Column.of("DRIVERS", HostKind::usableDrivers),
                        Column.of("VMS", host -> String.valueOf(host.getVms())),
                        Column.of("VCPUS", host -> host.getReservedVcpus() + "/" + host.getAllocatableVcpus()),
                        Column.of("MEMORY",
                                host -> Quantity.bytes(host.getReservedMemoryBytes()) + "/"
                                        + Quantity.bytes(host.getAllocatableMemoryBytes())),
                        Column.of("ADDRESS", Host::getAddress),
                        Column.of("UP",
                                host -> host.getState() == Host.State.AWAY ? ""
                                        : Quantity.age(host.getStartTime(), clock)),
                        new Column<>("MESSAGE", Host::getStateMessage, host -> Emphasis.FAINT)),
                host -> details(host, clock));
    }

    private static String state(Host host) {
        return host.getState().name() + (host.getCordoned() ? ",CORDONED" : "");
    }

    private static Emphasis emphasis(Host host) {
        return switch (host.getState()) {
            case READY -> host.getCordoned() ? Emphasis.WARNING : Emphasis.GOOD;
            case UNREACHABLE, AWAY, DELETING, FENCING -> Emphasis.BAD;
            case STATE_UNSPECIFIED, UNRECOGNIZED -> Emphasis.NONE;
        };
    }

    private static String usableDrivers(Host host) {
        return host.getDriversList().stream().filter(HostDriver::getUsable).map(HostDriver::getName)
                .collect(Collectors.joining(","));
    }

    private static void addResources(Detail.Sheet sheet, HostResources resources) {
        for (HostResources.HugePages pages : resources.getHugePagesList()) {
            sheet.add("Huge pages " + Quantity.bytes(pages.getPageBytes()), Quantity.bytes(pages.getReservedBytes())
                    + " of " + Quantity.bytes(pages.getTotalBytes()) + " reserved");
        }
        if (resources.getDedicatedCpus() > 0) {
            sheet.add("Dedicated CPUs", resources.getReservedDedicatedCpus() + " of " + resources.getDedicatedCpus()
                    + " reserved: " + resources.getDedicatedCpuList());
        }
        for (HostResources.NumaNode node : resources.getNumaNodesList()) {
            sheet.add("NUMA node " + node.getNode(),
                    "CPUs " + node.getCpuList() + ", " + Quantity.bytes(node.getMemoryBytes()));
        }
        sheet.add("Limits", (resources.getLimits() ? "by cgroups below " : "none: ") + resources.getLimitsMessage(),
                resources.getLimits() ? Emphasis.GOOD : Emphasis.WARNING);
    }

    private static List<Detail> details(Host host, Clock clock) {
        Detail.Sheet sheet = new Detail.Sheet().add("Name", ResourceNames.HOST.id(host.getName()))
                .add("State", state(host), emphasis(host)).add("Message", host.getStateMessage())
                .add("Address", host.getAddress());
        for (HostDriver driver : host.getDriversList()) {
            sheet.add("Driver " + driver.getName(), (driver.getUsable() ? "usable" : "not usable")
                    + (driver.getMessage().isEmpty() ? "" : ": " + driver.getMessage()),
                    driver.getUsable() ? Emphasis.GOOD : Emphasis.WARNING);
        }
        addResources(sheet, host.getResources());
        if (host.hasMigrations()) {
            HostMigrations can = host.getMigrations();
            sheet.add("Migrations", "of " + String.join(", ", can.getDriversList())
                    + (can.getMirrorsDisks() ? ", with disks" : ", without disks") + ", version "
                    + (can.getOldestProtocol() == can.getNewestProtocol() ? ""
                            : can.getOldestProtocol() + " to ")
                    + can.getNewestProtocol());
        }
        return sheet.add("VMs", String.valueOf(host.getVms()))
                .add("vCPUs", host.getReservedVcpus() + " of " + host.getAllocatableVcpus() + " reserved")
                .add("Memory", Quantity.bytes(host.getReservedMemoryBytes()) + " of "
                        + Quantity.bytes(host.getAllocatableMemoryBytes()) + " reserved")
                .add("Hardware",
                        host.getCpus() + " CPUs, " + Quantity.bytes(host.getMemoryBytes()) + ", "
                                + host.getArchitecture())
                .add("CPU", host.getCpuModel())
                .add("Networks", String.join(" ", host.getNetworksList()))
                .add("Labels", new TreeMap<>(host.getLabelsMap()).entrySet().stream()
                        .map(entry -> entry.getKey() + "=" + entry.getValue()).collect(Collectors.joining(" ")))
                .add("Agent", host.getVersion()).add("Agent since", Quantity.time(host.getStartTime()))
                .add("Up", Quantity.age(host.getStartTime(), clock))
                .add("CPU features", String.join(" ", host.getCpuFeaturesList())).details();
    }
}
