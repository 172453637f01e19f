package io.drover.scheduler.placement;

import io.drover.scheduler.capacity.Extras;
import io.drover.scheduler.capacity.HostCapacity;
import io.drover.scheduler.host.Driver;
import io.drover.scheduler.host.HostFacts;
import io.drover.scheduler.host.HostId;
import java.util.Map;
import java.util.Set;

/** Hosts for tests: one that takes anything, and ways to make it less welcoming. */
public final class Hosts {
    public static final long GIB = 1L << 30;
    public static final long MIB = 1L << 20;

    private Hosts() {}

    /** Ready, with both drivers. */
    public static HostFacts host(String name, long vcpus, long memoryBytes) {
        return new HostFacts(new HostId(name), true, false, Set.of(Driver.KVM, Driver.QEMU), "x86_64",
                Set.of("sse4_2", "avx"),
                Map.of(), Set.of(), new HostCapacity(vcpus, memoryBytes));
    }

    public static HostFacts ready(HostFacts host, boolean ready) {
        return new HostFacts(host.id(), ready, host.cordoned(), host.drivers(), host.architecture(), host.cpuFeatures(),
                host.labels(), host.networks(), host.capacity());
    }

    public static HostFacts cordoned(HostFacts host) {
        return new HostFacts(host.id(), host.ready(), true, host.drivers(), host.architecture(), host.cpuFeatures(),
                host.labels(), host.networks(),
                host.capacity());
    }

    public static HostFacts drivers(HostFacts host, Set<Driver> drivers) {
        return new HostFacts(host.id(), host.ready(), host.cordoned(), drivers, host.architecture(), host.cpuFeatures(),
                host.labels(), host.networks(), host.capacity());
    }

    public static HostFacts labels(HostFacts host, Map<String, String> labels) {
        return new HostFacts(host.id(), host.ready(), host.cordoned(), host.drivers(), host.architecture(),
                host.cpuFeatures(),
                labels, host.networks(), host.capacity());
    }

    public static HostFacts networks(HostFacts host, Set<String> networks) {
        return new HostFacts(host.id(), host.ready(), host.cordoned(), host.drivers(), host.architecture(),
                host.cpuFeatures(), host.labels(), networks, host.capacity());
    }

    public static HostFacts capacity(HostFacts host, long vcpus, long memoryBytes) {
        return new HostFacts(host.id(), host.ready(), host.cordoned(), host.drivers(), host.architecture(),
                host.cpuFeatures(),
                host.labels(), host.networks(), new HostCapacity(vcpus, memoryBytes));
    }

    public static HostFacts resources(HostFacts host, Extras extras, Set<String> resources) {
        return new HostFacts(host.id(), host.ready(), host.cordoned(), host.drivers(), host.architecture(),
                host.cpuFeatures(), host.labels(), host.networks(),
                new HostCapacity(host.capacity().vcpus(), host.capacity().memoryBytes(), extras), host.cpu(),
                resources);
    }
}
