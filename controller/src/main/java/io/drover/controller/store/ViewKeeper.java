package io.drover.controller.store;

import io.drover.controller.record.CpuModelId;
import io.drover.controller.record.HostId;
import io.drover.controller.record.HostSession;
import io.drover.controller.record.Host;
import io.drover.controller.record.Image;
import io.drover.controller.record.ImageId;
import io.drover.controller.record.Owner;
import io.drover.controller.record.RecordKey;
import io.drover.controller.record.Task;
import io.drover.controller.record.TaskId;
import io.drover.controller.record.Versioned;
import io.drover.controller.record.Vm;
import io.drover.controller.record.VmId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes the {@link View}: all methods run on the event thread of the session. */
final class ViewKeeper {
    private static final Logger log = LoggerFactory.getLogger(ViewKeeper.class);

    private final View view;
    private final Connection connection;
    private final Runnable onSynced;
    private final List<StoreListener> listeners = new CopyOnWriteArrayList<>();
    /** Paths whose bytes this program cannot obey, with the version: nobody here touches those records. */
    private final Map<String, Integer> unreadable = new ConcurrentHashMap<>();

    private volatile Reading current = new Reading(0, ConcurrentHashMap.newKeySet(), new AtomicBoolean());

    /**
     * One reading of everything.
     *
     * @param seen what was listed by it, or noticed while it went on
     */
    private record Reading(long number, Set<Layout.Place> seen, AtomicBoolean failed) {}

    /** The session as it is now. */
    interface Connection {
        ZooKeeper zooKeeper() throws CommitException;
    }

    ViewKeeper(View view, Connection connection, Runnable onSynced) {
        this.view = view;
        this.connection = connection;
        this.onSynced = onSynced;
    }

    void addListener(StoreListener listener) {
        listeners.add(listener);
    }

    int unreadable() {
        return unreadable.size();
    }

    void notice(WatchedEvent event) {
        String path = event.getPath();
        Optional<Layout.Place> place = path == null ? Optional.empty() : Layout.place(path);
        if (place.isEmpty()) {
            return;
        }
        current.seen.add(place.get());
        if (event.getType() == Watcher.Event.EventType.NodeDeleted) {
            unreadable.remove(path);
            forget(place.get());
        } else if (event.getType() == Watcher.Event.EventType.NodeCreated
                || event.getType() == Watcher.Event.EventType.NodeDataChanged) {
            try {
                read(connection.zooKeeper(), path);
            } catch (CommitException e) {
                // The connection went away: all is read again when it is back.
                log.debug("{} not read: {}", path, e.getMessage());
            }
        }
    }

    /** The watch is set (again): what happened before is read now, what happens from now on is noticed. */
    void readAll() {
        Reading reading = new Reading(current.number + 1, ConcurrentHashMap.newKeySet(), new AtomicBoolean());
        current = reading;
        try {
            ZooKeeper zooKeeper = connection.zooKeeper();
            for (String folder : Layout.folders()) {
                zooKeeper.getChildren(folder, false, (code, path, context, children) -> {
                    if (code == KeeperException.Code.OK.intValue()) {
                        listed(zooKeeper, reading, folder, children);
                    } else {
                        log.warn("{} not listed: {}", folder, KeeperException.Code.get(code));
                        reading.failed.set(true);
                    }
                }, null);
            }
            // Answered after the lists; by then every record has been asked for, so the second is answered after them all.
            zooKeeper.exists(Layout.ROOT, false, (code, path, context, stat) -> zooKeeper.exists(Layout.ROOT, false,
                    (codeAfter, pathAfter, contextAfter, statAfter) -> {
                        if (codeAfter == KeeperException.Code.OK.intValue()) {
                            complete(reading);
                        }
                    }, null), null);
        } catch (CommitException e) {
            log.debug("records not read: {}", e.getMessage());
        }
    }

    private void listed(ZooKeeper zooKeeper, Reading reading, String folder, List<String> children) {
        for (String child : children) {
            String path = folder + "/" + child;
            Layout.place(path).ifPresent(place -> {
                reading.seen.add(place);
                read(zooKeeper, path);
            });
        }
    }

    /** What is in memory but was neither listed nor noticed since went while nobody watched. */
    private void complete(Reading reading) {
        if (reading.number != current.number || reading.failed.get()) {
            return;
        }
        Stream.<Set<? extends RecordKey>>of(view.vms.keySet(), view.hosts.keySet(), view.images.keySet(),
                view.cpuModels.keySet(),
                view.tasks.keySet())
                .flatMap(Set::stream).<Layout.Place>map(Layout.Place.Of::new)
                .filter(place -> !reading.seen.contains(place))
                .forEach(this::forget);
        view.sessions.keySet().stream().map(Layout.Place.SessionOf::new).filter(place -> !reading.seen.contains(place))
                .forEach(this::forget);
        onSynced.run();
        listeners.forEach(StoreListener::synced);
    }

    private void read(ZooKeeper zooKeeper, String path) {
        zooKeeper.getData(path, false, (code, readPath, context, bytes, stat) -> {
            if (code == KeeperException.Code.OK.intValue()) {
                found(path, bytes == null ? new byte[0] : bytes, stat);
            }
            // No node: its end has been noticed or will be. Connection loss: all is read again.
        }, null);
    }

    private void found(String path, byte[] bytes, Stat stat) {
        try {
            switch (Layout.place(path).orElseThrow()) {
                case Layout.Place.SessionOf(HostId host) -> put(host, HostCodec.decodeSession(host, bytes));
                case Layout.Place.Of(RecordKey key) -> {
                    switch (key) {
                        case VmId id -> put(id, new Versioned<>(VmCodec.decode(bytes), stat.getVersion()));
                        case HostId id -> put(id, new Versioned<>(HostCodec.decode(id, bytes), stat.getVersion()));
                        case ImageId id -> put(id, new Versioned<>(ImageCodec.decode(bytes), stat.getVersion()));
                        // Nobody waits for one: whoever uses it looks it up.
                        case CpuModelId id -> view.cpuModels.put(id,
                                new Versioned<>(CpuModelCodec.decode(bytes), stat.getVersion()));
                        case TaskId id -> put(id, new Versioned<>(TaskCodec.decode(bytes), stat.getVersion()));
                    }
                }
            }
            unreadable.remove(path);
        } catch (UnreadableRecordException e) {
            if (!Integer.valueOf(stat.getVersion()).equals(unreadable.put(path, stat.getVersion()))) {
                log.error("{} is left alone: {}", path, e.getMessage());
            }
            Layout.place(path).ifPresent(this::forget);
        }
    }

    private void forget(Layout.Place place) {
        switch (place) {
            case Layout.Place.SessionOf(HostId host) -> {
                Optional<HostSession> before = Optional.ofNullable(view.sessions.remove(host));
                if (before.isPresent()) {
                    listeners.forEach(listener -> listener.sessionChanged(before, Optional.empty()));
                }
                listeners.forEach(listener -> listener.sessionEnded(host));
            }
            case Layout.Place.Of(RecordKey key) -> {
                switch (key) {
                    case VmId id -> {
                        Optional<Versioned<Vm>> before = Optional.ofNullable(view.vms.remove(id));
                        index(id, before, Optional.empty());
                        tell(before, listener -> listener.vmChanged(before, Optional.empty()));
                    }
                    case HostId id -> {
                        Optional<Versioned<Host>> before = Optional.ofNullable(view.hosts.remove(id));
                        tell(before, listener -> listener.hostChanged(before, Optional.empty()));
                    }
                    case ImageId id -> {
                        Optional<Versioned<Image>> before = Optional.ofNullable(view.images.remove(id));
                        tell(before, listener -> listener.imageChanged(before, Optional.empty()));
                    }
                    case CpuModelId id -> view.cpuModels.remove(id);
                    case TaskId id -> {
                        Optional<Versioned<Task>> before = Optional.ofNullable(view.tasks.remove(id));
                        before.ifPresent(task -> noLongerRuns(task.value()));
                        tell(before, listener -> listener.taskChanged(before, Optional.empty()));
                    }
                }
            }
        }
    }

    private void put(HostId host, HostSession session) {
        Optional<HostSession> before = Optional.ofNullable(view.sessions.put(host, session));
        if (!before.equals(Optional.of(session))) {
            listeners.forEach(listener -> listener.sessionChanged(before, Optional.of(session)));
        }
    }

    private void put(VmId id, Versioned<Vm> vm) {
        Optional<Versioned<Vm>> before = Optional.ofNullable(view.vms.put(id, vm));
        index(id, before, Optional.of(vm));
        if (!before.equals(Optional.of(vm))) {
            listeners.forEach(listener -> listener.vmChanged(before, Optional.of(vm)));
        }
    }

    private void put(HostId id, Versioned<Host> host) {
        Optional<Versioned<Host>> before = Optional.ofNullable(view.hosts.put(id, host));
        if (!before.equals(Optional.of(host))) {
            listeners.forEach(listener -> listener.hostChanged(before, Optional.of(host)));
        }
    }

    private void put(ImageId id, Versioned<Image> image) {
        Optional<Versioned<Image>> before = Optional.ofNullable(view.images.put(id, image));
        if (!before.equals(Optional.of(image))) {
            listeners.forEach(listener -> listener.imageChanged(before, Optional.of(image)));
        }
    }

    private void put(TaskId id, Versioned<Task> task) {
        Optional<Versioned<Task>> before = Optional.ofNullable(view.tasks.put(id, task));
        if (task.value().running()) {
            view.runningTasks.computeIfAbsent(task.value().target(), target -> ConcurrentHashMap.newKeySet()).add(id);
        } else {
            noLongerRuns(task.value());
        }
        if (!before.equals(Optional.of(task))) {
            listeners.forEach(listener -> listener.taskChanged(before, Optional.of(task)));
        }
    }

    private void index(VmId id, Optional<Versioned<Vm>> before, Optional<Versioned<Vm>> after) {
        Set<HostId> was = before.map(vm -> hosts(vm.value())).orElse(Set.of());
        Set<HostId> is = after.map(vm -> hosts(vm.value())).orElse(Set.of());
        for (HostId host : is) {
            view.vmsOfHosts.computeIfAbsent(host, first -> ConcurrentHashMap.newKeySet()).add(id);
        }
        for (HostId host : was) {
            if (!is.contains(host)) {
                view.vmsOfHosts.computeIfPresent(host, (key, vms) -> {
                    vms.remove(id);
                    return vms.isEmpty() ? null : vms;
                });
            }
        }
    }

    private static Set<HostId> hosts(Vm vm) {
        boolean moves = vm.migration().underWay().isPresent() || vm.migration().awaitsReport();
        return Stream.of(vm.owner().map(Owner::host), vm.remains(),
                moves ? vm.migration().source() : Optional.<HostId>empty(),
                moves ? vm.migration().destination() : Optional.<HostId>empty())
                .flatMap(Optional::stream).collect(Collectors.toSet());
    }

    private void noLongerRuns(Task task) {
        view.runningTasks.computeIfPresent(task.target(), (target, tasks) -> {
            tasks.remove(task.id());
            return tasks.isEmpty() ? null : tasks;
        });
    }

    private void tell(Optional<?> before, Consumer<StoreListener> change) {
        if (before.isPresent()) {
            listeners.forEach(change);
        }
    }
}
