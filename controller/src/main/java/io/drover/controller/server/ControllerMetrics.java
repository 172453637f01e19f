package io.drover.controller.server;

import io.drover.controller.agent.HostLinks;
import io.drover.controller.agent.HostReach;
import io.drover.controller.reconcile.ReconcileListener;
import io.drover.controller.record.Phase;
import io.drover.controller.record.Task;
import io.drover.controller.record.Versioned;
import io.drover.controller.record.Vm;
import io.drover.controller.store.Store;
import io.drover.controller.store.StoreListener;
import io.drover.controller.task.TaskSweeper;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/** What the controller tells of itself at /metrics. */
public final class ControllerMetrics implements StoreListener, ReconcileListener {
    private final Map<Phase, AtomicInteger> vms = new EnumMap<>(Phase.class);
    private final AtomicInteger runningTasks = new AtomicInteger();
    private final MeterRegistry registry;
    private final Timer steps;
    private final Counter refusals;

    public ControllerMetrics(MeterRegistry registry) {
        this.registry = registry;
        for (Phase phase : Phase.values()) {
            vms.put(phase, new AtomicInteger());
            Gauge.builder("drover.vms", vms.get(phase), AtomicInteger::get).description("VMs by state")
                    .tag("state", phase.name().toLowerCase(Locale.ROOT)).register(registry);
        }
        Gauge.builder("drover.tasks.running", runningTasks, AtomicInteger::get).description("Tasks that have not ended")
                .register(registry);
        this.steps = Timer.builder("drover.reconcile").description("One look at a VM and the step that followed")
                .publishPercentileHistogram().minimumExpectedValue(Duration.ofMillis(1))
                .maximumExpectedValue(Duration.ofMinutes(1)).register(registry);
        this.refusals = Counter.builder("drover.placements.refused").description("Placements that the host refused")
                .register(registry);
    }

    /** What can only be told once these are there. */
    public void observe(Store store, HostLinks links, BooleanSupplier leading) {
        Gauge.builder("drover.leader", leading, leads -> leads.getAsBoolean() ? 1 : 0)
                .description("1 while this controller leads").register(registry);
        Gauge.builder("drover.zookeeper.connected", store, now -> now.awaySince().isEmpty() ? 1 : 0)
                .description("1 while ZooKeeper answers").register(registry);
        Gauge.builder("drover.records.unreadable", store, Store::unreadable)
                .description("Records of a newer program, or damaged").register(registry);
        for (String state : new String[] {"ready", "unreachable", "away"}) {
            Gauge.builder("drover.hosts", store, now -> now.view().hosts().keySet().stream()
                    .filter(host -> name(links.reach(host)).equals(state)).count()).description("Hosts by state")
                    .tag("state", state).register(registry);
        }
    }

    private static String name(HostReach reach) {
        return switch (reach) {
            case HostReach.Ready ready -> "ready";
            case HostReach.Unreachable unreachable -> "unreachable";
            case HostReach.Away away -> "away";
        };
    }

    @Override
    public void vmChanged(Optional<Versioned<Vm>> before, Optional<Versioned<Vm>> after) {
        before.ifPresent(vm -> vms.get(vm.value().phase()).decrementAndGet());
        after.ifPresent(vm -> vms.get(vm.value().phase()).incrementAndGet());
    }

    @Override
    public void taskChanged(Optional<Versioned<Task>> before, Optional<Versioned<Task>> after) {
        boolean ran = before.map(task -> task.value().running()).orElse(false);
        boolean runs = after.map(task -> task.value().running()).orElse(false);
        if (runs && !ran) {
            runningTasks.incrementAndGet();
        } else if (ran && !runs) {
            runningTasks.decrementAndGet();
        }
        if (ran && !runs && after.isPresent()) {
            Task task = after.get().value();
            Timer.builder("drover.tasks").description("Tasks from their creation to their end")
                    .tag("method", task.method())
                    .tag("outcome", outcome(task)).register(registry)
                    .record(Duration.between(task.created(), TaskSweeper.end(task).orElse(task.created())));
        }
    }

    private static String outcome(Task task) {
        return switch (task.state()) {
            case Task.State.Running running -> "running";
            case Task.State.Succeeded succeeded -> "succeeded";
            case Task.State.Failed failed -> "failed";
            case Task.State.Cancelled cancelled -> "cancelled";
        };
    }

    @Override
    public void stepped(Duration took) {
        steps.record(took);
    }

    @Override
    public void refused() {
        refusals.increment();
    }
}
