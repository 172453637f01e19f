package io.drover.scheduler.placement;

import io.drover.scheduler.capacity.Fit;
import io.drover.scheduler.host.Driver;
import io.drover.scheduler.host.HostFacts;
import io.drover.scheduler.host.HostId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Why one host cannot take one VM: the first filter that rejects it, with what that filter saw. */
public sealed interface Rejection {
    HostId host();

    Filter filter();

    /** For people, such as {@code host h2 is cordoned}. */
    String text();

    /** Its agent cannot be asked. */
    record NotReady(HostId host) implements Rejection {
        @Override
        public Filter filter() {
            return Filter.READY;
        }

        @Override
        public String text() {
            return "host " + host + " is not ready";
        }
    }

    /** An operator wants no new VMs there. */
    record Cordoned(HostId host) implements Rejection {
        @Override
        public Filter filter() {
            return Filter.CORDONED;
        }

        @Override
        public String text() {
            return "host " + host + " is cordoned";
        }
    }

    /**
     * It cannot run the VM in the way asked for.
     *
     * @param wanted empty: any driver would have done
     */
    record LacksDriver(HostId host, Optional<Driver> wanted, Set<Driver> offered) implements Rejection {
        public LacksDriver {
            offered = Set.copyOf(offered);
        }

        @Override
        public Filter filter() {
            return Filter.DRIVER;
        }

        @Override
        public String text() {
            String lacks = "host " + host + " has no usable driver" + wanted.map(driver -> " " + driver).orElse("");
            return offered.isEmpty() ? lacks : lacks + " (it has " + joined(new TreeSet<>(offered)) + ")";
        }
    }

    /** Its processor is of another kind. */
    record OtherArchitecture(HostId host, String wanted, String found) implements Rejection {
        @Override
        public Filter filter() {
            return Filter.ARCHITECTURE;
        }

        @Override
        public String text() {
            return "host " + host + " is " + found + " (" + wanted + " asked)";
        }
    }

    /**
     * Its processor lacks what the VM needs.
     *
     * @param missing not empty
     */
    record LacksCpuFeatures(HostId host, Set<String> missing) implements Rejection {
        public LacksCpuFeatures {
            missing = Set.copyOf(missing);
        }

        @Override
        public Filter filter() {
            return Filter.CPU_FEATURES;
        }

        @Override
        public String text() {
            return "host " + host + " lacks the CPU feature" + (missing.size() == 1 ? " " : "s ")
                    + joined(new TreeSet<>(missing));
        }
    }

    /**
     * It cannot show the CPU of the VM's CPU model.
     *
     * @param missing what it lacks of it, for people; empty: it has nothing of the kind
     */
    record LacksCpu(HostId host, List<String> missing) implements Rejection {
        /** A CPU of another make lacks more than anybody wants to read. */
        private static final int TOLD = 8;

        public LacksCpu {
            missing = List.copyOf(missing);
        }

        @Override
        public Filter filter() {
            return Filter.CPU_MODEL;
        }

        @Override
        public String text() {
            if (missing.isEmpty()) {
                return "host " + host + " has no CPU to show by a CPU model (it needs a usable KVM)";
            }
            return "host " + host + " lacks of the CPU model "
                    + joined(missing.subList(0, Math.min(TOLD, missing.size())))
                    + (missing.size() > TOLD ? " and " + (missing.size() - TOLD) + " more" : "");
        }
    }

    /**
     * It is not one of the hosts that the VM may run on.
     *
     * @param missing labels asked for that the host does not have, or has with another value; not empty
     * @param found what the host has for these keys
     */
    record LacksLabels(HostId host, Map<String, String> missing, Map<String, String> found) implements Rejection {
        public LacksLabels {
            missing = Map.copyOf(missing);
            found = Map.copyOf(found);
        }

        @Override
        public Filter filter() {
            return Filter.LABELS;
        }

        @Override
        public String text() {
            String lacks = "host " + host + " lacks the label" + (missing.size() == 1 ? " " : "s ")
                    + joined(new TreeMap<>(missing).entrySet());
            return found.isEmpty() ? lacks : lacks + " (it has " + joined(new TreeMap<>(found).entrySet()) + ")";
        }
    }

    /**
     * The VM cannot be joined there to what it is to be joined to.
     *
     * @param missing not empty
     */
    record LacksNetworks(HostId host, Set<String> missing) implements Rejection {
        public LacksNetworks {
            missing = Set.copyOf(missing);
        }

        @Override
        public Filter filter() {
            return Filter.NETWORKS;
        }

        @Override
        public String text() {
            return "host " + host + " lacks the network" + (missing.size() == 1 ? " " : "s ")
                    + joined(new TreeSet<>(missing));
        }
    }

    /**
     * It has not what else the VM needs.
     *
     * @param missing not empty
     */
    record LacksResources(HostId host, Set<String> missing) implements Rejection {
        public LacksResources {
            missing = Set.copyOf(missing);
        }

        @Override
        public Filter filter() {
            return Filter.RESOURCES;
        }

        @Override
        public String text() {
            return "host " + host + " lacks the resource" + (missing.size() == 1 ? " " : "s ")
                    + joined(new TreeSet<>(missing));
        }
    }

    /** The host was asked before. */
    record Refused(HostId host, String reason) implements Rejection {
        @Override
        public Filter filter() {
            return Filter.REFUSED;
        }

        @Override
        public String text() {
            return "host " + host + " refused it: " + reason;
        }
    }

    /** The host has no room. */
    record LacksCapacity(HostId host, Fit.Lacks lacks) implements Rejection {
        @Override
        public Filter filter() {
            return Filter.of(lacks.dimension());
        }

        @Override
        public String text() {
            return "host " + host + " " + lacks.text();
        }
    }

    /**
     * The one host that can run the VM, as it keeps its disks or what was saved of it, does not do.
     *
     * @param why empty when there is no such host
     */
    record Home(HostId host, Optional<Rejection> why) implements Rejection {
        @Override
        public Filter filter() {
            return Filter.DISKS;
        }

        @Override
        public String text() {
            return "host " + host + " keeps the VM's data: "
                    + why.map(Rejection::text).orElse("there is no such host");
        }
    }

    /** What a filter that looks at facts alone saw; {@code filter} is one of those, and rejects this host. */
    static Rejection of(Filter filter, HostFacts host, Constraints wanted) {
        return switch (filter) {
            case READY -> new NotReady(host.id());
            case CORDONED -> new Cordoned(host.id());
            case DRIVER -> new LacksDriver(host.id(), wanted.driver(), host.drivers());
            case ARCHITECTURE ->
                new OtherArchitecture(host.id(), wanted.architecture().orElseThrow(), host.architecture());
            case CPU_FEATURES -> {
                Set<String> missing = new TreeSet<>(wanted.cpuFeatures());
                missing.removeAll(host.cpuFeatures());
                yield new LacksCpuFeatures(host.id(), missing);
            }
            case CPU_MODEL -> new LacksCpu(host.id(),
                    host.cpu().map(cpu -> cpu.lacks(wanted.cpu().orElseThrow())).orElse(List.of()));
            case LABELS -> {
                Map<String, String> missing = new TreeMap<>(wanted.labels());
                missing.entrySet().removeAll(host.labels().entrySet());
                Map<String, String> found = new TreeMap<>(host.labels());
                found.keySet().retainAll(missing.keySet());
                yield new LacksLabels(host.id(), missing, found);
            }
            case NETWORKS -> {
                Set<String> missing = new TreeSet<>(wanted.networks());
                missing.removeAll(host.networks());
                yield new LacksNetworks(host.id(), missing);
            }
            case RESOURCES -> {
                Set<String> missing = new TreeSet<>(wanted.resources());
                missing.removeAll(host.resources());
                yield new LacksResources(host.id(), missing);
            }
            case DISKS, REFUSED, VCPUS, DEDICATED_CPUS, MEMORY, HUGE_PAGES_2M, HUGE_PAGES_1G ->
                throw new IllegalArgumentException("filter : " + filter + " (expected: one of facts)");
        };
    }

    private static String joined(Iterable<?> sorted) {
        StringBuilder text = new StringBuilder();
        sorted.forEach(each -> text.append(text.isEmpty() ? "" : ", ").append(each));
        return text.toString();
    }
}
