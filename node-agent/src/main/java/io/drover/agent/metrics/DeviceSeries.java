package io.drover.agent.metrics;

import io.drover.proto.agent.v1.VmUsage;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.Unit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;

/**
 * The devices of one kind of all VMs, each with the labels that its time series have.
 *
 * @param <D> what is told of one
 */
final class DeviceSeries<D> {
    private record Labelled<D>(Labels labels, D device) {}

    private final List<Labelled<D>> devices;

    private DeviceSeries(List<Labelled<D>> devices) {
        this.devices = devices;
    }

    /**
     * Looks for them.
     *
     * @param own labels that the device has beside its VM's
     */
    static <D> DeviceSeries<D> of(List<VmUsage> usages, Function<VmUsage, Collection<D>> devices,
            Function<D, Labels> own) {
        List<Labelled<D>> labelled = new ArrayList<>();
        for (VmUsage usage : usages) {
            Labels vm = Labels.of("vm", usage.getVm(), "uid", usage.getUid(), "driver", usage.getDriver());
            devices.apply(usage).forEach(device -> labelled.add(new Labelled<>(vm.merge(own.apply(device)), device)));
        }
        return new DeviceSeries<>(labelled);
    }

    /** Without those that do not tell what is asked for next. */
    DeviceSeries<D> where(Predicate<D> told) {
        return new DeviceSeries<>(devices.stream().filter(each -> told.test(each.device())).toList());
    }

    /** What only ever grows while the VM's process lives. Prometheus adds "_total" to the name. */
    CounterSnapshot counter(String name, String help, ToDoubleFunction<D> value) {
        return counter(CounterSnapshot.builder().name(name).help(help), value);
    }

    /** As above, of a unit, which the name has to end in. */
    CounterSnapshot counter(String name, Unit unit, String help, ToDoubleFunction<D> value) {
        return counter(CounterSnapshot.builder().name(name).unit(unit).help(help), value);
    }

    private CounterSnapshot counter(CounterSnapshot.Builder counter, ToDoubleFunction<D> value) {
        devices.forEach(each -> counter.dataPoint(CounterSnapshot.CounterDataPointSnapshot.builder()
                .labels(each.labels()).value(value.applyAsDouble(each.device())).build()));
        return counter.build();
    }

    /** What goes up and down. */
    GaugeSnapshot gauge(String name, String help, ToDoubleFunction<D> value) {
        GaugeSnapshot.Builder gauge = GaugeSnapshot.builder().name(name).help(help);
        devices.forEach(each -> gauge.dataPoint(GaugeSnapshot.GaugeDataPointSnapshot.builder().labels(each.labels())
                .value(value.applyAsDouble(each.device())).build()));
        return gauge.build();
    }
}
