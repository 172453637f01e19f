package io.drover.controller.store;

import io.drover.controller.record.CpuModel;
import io.drover.controller.record.CpuModelId;
import io.drover.controller.record.Host;
import io.drover.controller.record.HostId;
import io.drover.controller.record.HostSession;
import io.drover.controller.record.Image;
import io.drover.controller.record.ImageId;
import io.drover.controller.record.Owner;
import io.drover.controller.record.RecordKey;
import io.drover.controller.record.Task;
import io.drover.controller.record.TaskId;
import io.drover.controller.record.Versioned;
import io.drover.controller.record.Vm;
import io.drover.controller.record.VmId;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * The whole state in memory, ordered by name. Only the store's thread writes it; any thread may read it, and sees each
 * record whole, but two records perhaps from different moments.
 */
public final class View {
    final ConcurrentSkipListMap<VmId, Versioned<Vm>> vms = new ConcurrentSkipListMap<>();
    final ConcurrentSkipListMap<HostId, Versioned<Host>> hosts = new ConcurrentSkipListMap<>();
    final ConcurrentSkipListMap<ImageId, Versioned<Image>> images = new ConcurrentSkipListMap<>();
    final ConcurrentSkipListMap<CpuModelId, Versioned<CpuModel>> cpuModels = new ConcurrentSkipListMap<>();
    final ConcurrentMap<HostId, HostSession> sessions = new ConcurrentHashMap<>();
    final ConcurrentMap<TaskId, Versioned<Task>> tasks = new ConcurrentHashMap<>();
    /** Tasks that run, by what they work on: what has to be settled when that changes. */
    final ConcurrentMap<RecordKey, Set<TaskId>> runningTasks = new ConcurrentHashMap<>();

    /** VMs by the host that owns them, keeps what remains of them, or takes part in their migration. */
    final ConcurrentMap<HostId, Set<VmId>> vmsOfHosts = new ConcurrentHashMap<>();

    View() {}

    public Optional<Versioned<Vm>> vm(VmId id) {
        return Optional.ofNullable(vms.get(id));
    }

    public NavigableMap<VmId, Versioned<Vm>> vms() {
        return Collections.unmodifiableNavigableMap(vms);
    }

    /** The VMs that this host owns, those of which it keeps what remains, and those that migrate to or from it. */
    public List<Vm> vmsOf(HostId host) {
        return vmsOfHosts.getOrDefault(host, Set.of()).stream().map(vms::get).filter(Objects::nonNull)
                .map(Versioned::value)
                .toList();
    }

    /** The VMs that this host alone may run, by name. */
    public List<Versioned<Vm>> ownedBy(HostId host) {
        return vmsOfHosts.getOrDefault(host, Set.of()).stream().sorted().map(vms::get).filter(Objects::nonNull)
                .filter(vm -> vm.value().owner().map(Owner::host).equals(Optional.of(host)))
                .toList();
    }

    public Optional<Versioned<Host>> host(HostId id) {
        return Optional.ofNullable(hosts.get(id));
    }

    public NavigableMap<HostId, Versioned<Host>> hosts() {
        return Collections.unmodifiableNavigableMap(hosts);
    }

    /** Empty when the host's agent does not live. */
    public Optional<HostSession> session(HostId id) {
        return Optional.ofNullable(sessions.get(id));
    }

    public Collection<HostSession> sessions() {
        return Collections.unmodifiableCollection(sessions.values());
    }

    public Optional<Versioned<Image>> image(ImageId id) {
        return Optional.ofNullable(images.get(id));
    }

    public NavigableMap<ImageId, Versioned<Image>> images() {
        return Collections.unmodifiableNavigableMap(images);
    }

    public Optional<Versioned<CpuModel>> cpuModel(CpuModelId id) {
        return Optional.ofNullable(cpuModels.get(id));
    }

    public NavigableMap<CpuModelId, Versioned<CpuModel>> cpuModels() {
        return Collections.unmodifiableNavigableMap(cpuModels);
    }

    public Optional<Versioned<Task>> task(TaskId id) {
        return Optional.ofNullable(tasks.get(id));
    }

    /** In no order. */
    public Collection<Versioned<Task>> tasks() {
        return Collections.unmodifiableCollection(tasks.values());
    }

    /** The tasks that have not ended, of a VM or a host that has or had this name. */
    public List<Versioned<Task>> runningTasks(RecordKey target) {
        return runningTasks.getOrDefault(target, Set.of()).stream().map(tasks::get)
                .filter(task -> task != null && task.value().running()).toList();
    }

    /** What tasks which have not ended work on. */
    public Set<RecordKey> targetsOfRunningTasks() {
        return Collections.unmodifiableSet(runningTasks.keySet());
    }
}
