package io.drover.agent.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drover.agent.refusal.Reason;
import io.drover.agent.refusal.RefusedException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FileStoreTest {
    private static final long LIMIT = 1000;

    @TempDir
    Path temp;

    private final List<Sha256> told = new ArrayList<>();
    private Instant now = Instant.ofEpochSecond(1_000_000);
    private FileStore store;

    @BeforeEach
    void open() throws IOException {
        store = new FileStore(temp, LIMIT, () -> now, told::add);
    }

    private static byte[] content(int seed, int length) {
        byte[] content = new byte[length];
        Arrays.fill(content, (byte) seed);
        return content;
    }

    private static Sha256 name(byte[] content) {
        MessageDigest digest = Sha256.digest();
        digest.update(content);
        return Sha256.of(digest);
    }

    private static Sha256 put(FileStore store, byte[] content) throws Exception {
        Sha256 name = name(content);
        try (IncomingFile file = store.receive(name, content.length)) {
            file.write(ByteBuffer.wrap(content, 0, content.length / 2));
            file.write(ByteBuffer.wrap(content, content.length / 2, content.length - content.length / 2));
            file.finish();
        }
        return name;
    }

    private List<Path> halves() throws IOException {
        try (Stream<Path> files = Files.list(temp.resolve("incoming"))) {
            return files.toList();
        }
    }

    @Test
    void fileIsThereWholeOrNotAtAll() throws Exception {
        byte[] content = content(1, 100);
        Sha256 name = name(content);
        try (IncomingFile file = store.receive(name, 100)) {
            file.write(ByteBuffer.wrap(content));
            assertThat(store.has(name)).isFalse();
            assertThat(store.hold(name)).isEmpty();
            file.finish();
        }

        assertThat(store.has(name)).isTrue();
        assertThat(Files.readAllBytes(store.path(name))).isEqualTo(content);
        assertThat(told).containsExactly(name);
        assertThat(halves()).isEmpty();
        assertThat(new FileStore(temp, LIMIT, () -> now, told::add).all()).containsExactly(name.hex());
    }

    @Test
    void bytesThatDoNotHaveTheNameAreRefused() throws Exception {
        Sha256 name = name(content(1, 100));

        refused(Reason.WRONG_SHA256, () -> {
            try (IncomingFile file = store.receive(name, 100)) {
                file.write(ByteBuffer.wrap(content(2, 100)));
                file.finish();
            }
        });
        refused(Reason.WRONG_SHA256, () -> {
            try (IncomingFile file = store.receive(name, 100)) {
                file.write(ByteBuffer.wrap(content(1, 99)));
                file.finish();
            }
        });
        refused(Reason.WRONG_SHA256, () -> {
            try (IncomingFile file = store.receive(name, 100)) {
                file.write(ByteBuffer.wrap(content(1, 101)));
            }
        });
        refused(Reason.BAD_REQUEST, () -> store.receive(name, -1).close());
        assertThat(store.all()).isEmpty();
        assertThat(halves()).isEmpty();
    }

    @Test
    void oneFileMayComeTwiceAtOnce() throws Exception {
        byte[] content = content(1, 100);
        Sha256 name = name(content);
        try (IncomingFile first = store.receive(name, 100); IncomingFile second = store.receive(name, 100)) {
            first.write(ByteBuffer.wrap(content));
            second.write(ByteBuffer.wrap(content));
            second.finish();
            first.finish();
        }

        assertThat(told).containsExactly(name);
        assertThat(halves()).isEmpty();
    }

    @Test
    void unusedFilesMakeRoomTheLongestUnusedFirstAndUsedOnesStay() throws Exception {
        Sha256 used = put(store, content(1, 400));
        FileStore.Hold hold = store.hold(used).orElseThrow();
        now = now.plusSeconds(1);
        Sha256 old = put(store, content(2, 300));
        now = now.plusSeconds(1);
        Sha256 young = put(store, content(3, 300));
        now = now.plusSeconds(1);
        Sha256 newest = put(store, content(4, 300));

        assertThat(store.all()).containsExactlyInAnyOrder(used.hex(), young.hex(), newest.hex())
                .doesNotContain(old.hex());
        hold.close();
        hold.close();
        now = now.plusSeconds(1);
        put(store, content(5, 300));
        assertThat(store.has(used)).isFalse();
    }

    @Test
    void fileIsUsedAsLongAsAnybodyHoldsIt() throws Exception {
        Sha256 name = put(store, content(1, 900));
        FileStore.Hold first = store.hold(name).orElseThrow();
        FileStore.Hold second = store.hold(name).orElseThrow();
        first.close();
        put(store, content(2, 900));
        assertThat(store.has(name)).isTrue();
        second.close();
        put(store, content(3, 900));

        assertThat(store.has(name)).isFalse();
    }

    @Test
    void fileThatSomebodyRemovedIsMissing() throws Exception {
        Sha256 name = put(store, content(1, 100));
        Files.delete(store.path(name));

        assertThat(store.hold(name)).isEmpty();
        assertThat(store.has(name)).isFalse();
    }

    @Test
    void whatWasHalfReceivedByADeadAgentIsRemoved() throws Exception {
        Files.write(temp.resolve("incoming/1-x"), content(1, 10));
        open();

        assertThat(halves()).isEmpty();
    }

    @Test
    void fullDiskIsToldWithTheBytesThatAreNeeded() throws Exception {
        Path disk = Files.createDirectories(temp.resolve("disk"));
        assumeTrue(run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk.toString()) == 0,
                "no right to mount a small tmpfs: run as root to test a full disk");
        try {
            FileStore small = new FileStore(disk, 1L << 30, () -> now, told::add);
            Sha256 cached = put(small, content(1, 600_000));
            Sha256 second = put(small, content(2, 600_000));
            assertThat(small.all()).containsExactly(second.hex()).doesNotContain(cached.hex());
            try (FileStore.Hold _ = small.hold(second).orElseThrow()) {
                assertThatThrownBy(() -> small.receive(name(content(3, 600_000)), 600_000)).isInstanceOfSatisfying(
                        RefusedException.class, e -> {
                            assertThat(e.reason()).isEqualTo(Reason.DISK_FULL);
                            assertThat(e.metadata()).containsEntry("needed_bytes", "600000").containsKey("free_bytes");
                        });
            }
            // The disk fills up while the file comes.
            byte[] big = content(4, 900_000);
            try (IncomingFile file = small.receive(name(big), big.length)) {
                Files.write(disk.resolve("other"), content(5, 700_000));
                refused(Reason.DISK_FULL, () -> file.write(ByteBuffer.wrap(big)));
            }
            try (Stream<Path> halves = Files.list(disk.resolve("incoming"))) {
                assertThat(halves).isEmpty();
            }
        } finally {
            assertThat(run("umount", disk.toString())).isZero();
        }
    }

    private static int run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        return process.exitValue();
    }

    private interface Attempt {
        void run() throws Exception;
    }

    private static void refused(Reason reason, Attempt attempt) {
        assertThatThrownBy(attempt::run).isInstanceOfSatisfying(RefusedException.class,
                e -> assertThat(e.reason()).isEqualTo(reason));
    }
}
