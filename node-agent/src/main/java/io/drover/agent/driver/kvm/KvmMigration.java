package io.drover.agent.driver.kvm;

import io.drover.agent.driver.MachineDisk;
import io.drover.agent.driver.MachineMigration;
import io.drover.agent.process.ProcessIdentity;
import io.drover.vmm.client.VmmClient;
import io.drover.vmm.client.VmmMigration;
import io.drover.vmm.client.VmmRefusedException;
import io.drover.vmm.client.VmmSendOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/** A VMM that sends or receives its guest, by its control socket. */
final class KvmMigration implements MachineMigration {
    /** Relative to the run folder, as the control socket is. */
    private static final Path LINK = Path.of("migration.sock");
    /** To let go of one that is over, or of none. */
    private static final String TOO_LATE = "FAILED";

    private final VmmClient client;
    private final KvmFiles files;
    private final ProcessIdentity process;
    private final AtomicLong epoch;
    private volatile Consumer<VmmMigration> told = ignored -> {};

    /**
     * Of one VMM.
     *
     * @param epoch that it runs its guest under
     */
    KvmMigration(VmmClient client, KvmFiles files, ProcessIdentity process, AtomicLong epoch) {
        this.client = client;
        this.files = files;
        this.process = process;
        this.epoch = epoch;
    }

    private interface Call<T> {
        T run() throws IOException, VmmRefusedException;
    }

    private static <T> T call(Call<T> call) throws IOException {
        try {
            return call.run();
        } catch (VmmRefusedException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    void changed(VmmMigration migration) {
        told.accept(migration);
    }

    @Override
    public void watch(Consumer<VmmMigration> newTold) {
        told = newTold;
    }

    @Override
    public VmmMigration status() throws IOException {
        return call(client::migration);
    }

    @Override
    public Path link() {
        return process.folder().resolve(LINK);
    }

    /** What an earlier one left there is nobody's. */
    private void clear() throws IOException {
        Files.deleteIfExists(files.folder().run().resolve(LINK));
    }

    private static List<String> ids(List<MachineDisk> disks) {
        return disks.stream().map(disk -> KvmDisk.id(disk.name())).toList();
    }

    @Override
    public void receive(int connections, Duration stall, List<MachineDisk> disks) throws IOException {
        clear();
        call(() -> {
            client.receiveMigration(LINK, connections, stall, ids(disks));
            return true;
        });
    }

    @Override
    public void send(VmmSendOptions options, List<MachineDisk> disks) throws IOException {
        clear();
        call(() -> {
            client.sendMigration(LINK, options.mirroring(ids(disks)));
            return true;
        });
    }

    @Override
    public void permitSwitch() throws IOException {
        call(() -> {
            client.switchMigration();
            return true;
        });
    }

    @Override
    public void cancel() throws IOException {
        try {
            client.cancelMigration();
        } catch (VmmRefusedException e) {
            if (!e.reason().equals(TOO_LATE)) {
                throw new IOException(e.getMessage(), e);
            }
        }
    }

    @Override
    public void resume(long under) throws IOException {
        call(() -> {
            client.resume(under);
            return true;
        });
        epoch.set(under);
    }
}
