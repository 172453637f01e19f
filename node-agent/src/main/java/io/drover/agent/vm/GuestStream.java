package io.drover.agent.vm;

import io.drover.agent.driver.MachineDisk;
import io.drover.agent.driver.MachineMigration;
import io.drover.agent.handoff.DestinationHandOff.MachineSight;
import io.drover.agent.handoff.HandOffEvent;
import io.drover.agent.migration.MigrationNetwork;
import io.drover.scheduler.migration.Move;
import io.drover.scheduler.migration.MoveOptions;
import io.drover.vmm.client.MigrationDoor;
import io.drover.vmm.client.MigrationLink;
import io.drover.vmm.client.VmmMigration;
import io.drover.vmm.client.VmmSendOptions;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The stream of a guest between its two machines, as the agent of one of them sees to it: asks the machine, and makes the
 * connections, which the machine cannot. Used by the VM's queue; what comes of it is told by other threads.
 */
final class GuestStream implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(GuestStream.class);
    /** How long the other machine may say nothing. */
    private static final Duration STALL = Duration.ofSeconds(10);
    /** From when the guest could be switched to when the record allows it: two answers of ZooKeeper, which may be away. */
    private static final Duration PERMISSION = Duration.ofMinutes(1);
    private static final Duration CANCEL_PATIENCE = Duration.ofSeconds(10);
    /** What the budget grows to as the time runs out. */
    private static final int LONGEST_DOWNTIME_FACTOR = 7;

    /** Hears of it, and must return soon. */
    interface Listener {
        void happened(HandOffEvent event);

        void progressed(VmmMigration migration);
    }

    private final Move move;
    private final MachineMigration machine;
    private final MigrationNetwork network;
    private final List<MachineDisk> disks;
    private final Listener listener;
    /** What the connections take of this process. */
    private Optional<Closeable> connecting = Optional.empty();
    private boolean closed;

    /**
     * Listens to the machine from now on.
     *
     * @param disks that move, too
     */
    GuestStream(Move move, MachineMigration machine, MigrationNetwork network, List<MachineDisk> disks,
            Listener listener) {
        this.move = move;
        this.machine = machine;
        this.network = network;
        this.disks = disks;
        this.listener = listener;
        machine.watch(this::changed);
    }

    private void changed(VmmMigration now) {
        listener.progressed(now);
        switch (now.phase()) {
            case WAITING -> Thread.ofPlatform().name("migration-door " + move.id()).start(this::listen);
            case RECEIVED -> listener.happened(new HandOffEvent.Complete());
            case CONVERGED -> listener.happened(new HandOffEvent.Converged());
            case FAILED -> listener.happened(new HandOffEvent.StreamBroken(why(now)));
            case NONE, PREPARING, RECEIVING, CONNECTING, COPYING, SWITCHING, SENT -> {
            }
        }
    }

    private static String why(VmmMigration now) {
        return now.failure().map(VmmMigration.Failure::message).orElse("it has ended");
    }

    /** Has the machine take memory for the guest, and wait for it. */
    void receive() throws IOException {
        machine.receive(move.options().streams(), STALL, disks);
    }

    private void listen() {
        try (MigrationDoor door = network.open(move.source())) {
            if (!keep(door)) {
                return;
            }
            listener.happened(new HandOffEvent.Listening(network.address(door)));
            MigrationLink link = door.admit(machine.link(), move.options().streams());
            if (!keep(link)) {
                link.close();
            }
        } catch (IOException e) {
            broken(e);
        }
    }

    /** Has the machine send its guest, unless it does already, as an earlier agent has asked it to. */
    void send(String address) throws IOException {
        VmmMigration now = machine.status();
        if (isUnderWay(now)) {
            changed(now);
            return;
        }
        machine.send(options(move.options()), disks);
        Thread.ofPlatform().name("migration-link " + move.id()).start(() -> connect(address));
    }

    private void connect(String address) {
        try {
            MigrationLink link = network.connect(address, move.destination(), machine.link(),
                    move.options().streams());
            if (!keep(link)) {
                link.close();
            }
        } catch (IOException e) {
            broken(e);
        }
    }

    /** The hand-off has its own deadline, at which nothing more is tried: the machine's comes before it. */
    private static VmmSendOptions options(MoveOptions asked) {
        Duration downtime = Duration.ofMillis(asked.downtimeMillis());
        return new VmmSendOptions(asked.streams(),
                asked.bandwidthBytesPerSecond() == 0 ? Optional.empty() : Optional.of(asked.bandwidthBytesPerSecond()),
                downtime, downtime.multipliedBy(LONGEST_DOWNTIME_FACTOR),
                Duration.ofMillis(Math.max(1, asked.timeoutMillis() / 4 * 3)),
                asked.unconverged() == MoveOptions.Unconverged.STOP_AND_COPY, STALL, PERMISSION)
                .compressing(asked.compression() == MoveOptions.Compression.LZ4);
    }

    private static boolean isUnderWay(VmmMigration now) {
        return switch (now.phase()) {
            case CONNECTING, COPYING, CONVERGED, SWITCHING -> true;
            case NONE, PREPARING, WAITING, RECEIVING, RECEIVED, SENT, FAILED -> false;
        };
    }

    /** Has the machine stop its guest and send the rest, unless it does already. */
    void finish() throws IOException {
        VmmMigration now = machine.status();
        switch (now.phase()) {
            case COPYING, CONVERGED -> machine.permitSwitch();
            case SWITCHING, SENT -> listener.progressed(now);
            case NONE, PREPARING, WAITING, RECEIVING, RECEIVED, CONNECTING, FAILED ->
                throw new IOException("the guest is not being sent any more: " + why(now));
        }
    }

    /** Ends what the machine does. Returns when its guest can be let run. */
    void end() throws IOException, InterruptedException {
        machine.cancel();
        long until = System.nanoTime() + CANCEL_PATIENCE.toNanos();
        while (isUnderWay(machine.status())) {
            if (System.nanoTime() - until >= 0) {
                throw new IOException("the machine does not stop sending its guest within "
                        + CANCEL_PATIENCE.toSeconds() + " s");
            }
            Thread.sleep(5);
        }
    }

    /** Tells what has become of it while nobody listened. */
    void catchUp() throws IOException {
        VmmMigration now = machine.status();
        switch (now.phase()) {
            case RECEIVED, CONVERGED, FAILED -> changed(now);
            case NONE, PREPARING, WAITING, RECEIVING, CONNECTING, COPYING, SWITCHING, SENT ->
                listener.progressed(now);
        }
    }

    /** What an agent that comes back finds of a machine that receives. */
    static MachineSight sight(VmmMigration now, MigrationNetwork network) {
        return switch (now.phase()) {
            case RECEIVED -> new MachineSight.Complete();
            // The source has been told where: the record has it.
            case RECEIVING -> new MachineSight.Receiving(network.advertised());
            case NONE, PREPARING, WAITING ->
                new MachineSight.Useless("the destination's agent was killed before the source had connected");
            case FAILED, CONNECTING, COPYING, CONVERGED, SWITCHING, SENT -> new MachineSight.Useless(why(now));
        };
    }

    private void broken(IOException e) {
        synchronized (this) {
            if (closed) {
                return;
            }
        }
        log.info("migration {}: no stream: {}", move.id(), e.getMessage());
        listener.happened(new HandOffEvent.StreamBroken(e.getMessage()));
    }

    /** False when it is too late: it is the caller's to close, then. */
    private synchronized boolean keep(Closeable open) {
        if (closed) {
            return false;
        }
        connecting = Optional.of(open);
        return true;
    }

    /** Hears no more of the machine. With TLS the stream ends. */
    @Override
    public void close() {
        machine.watch(ignored -> {});
        Optional<Closeable> open;
        synchronized (this) {
            closed = true;
            open = connecting;
        }
        if (open.isPresent()) {
            try {
                open.get().close();
            } catch (IOException e) {
                log.debug("migration {}: its connections did not close in order", move.id(), e);
            }
        }
    }
}
