package io.drover.debian;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With the real apt, its lists and its mirror. */
@Tag("lab")
class DebianPackagesTest {
    private static final String NAME = "busybox-static";
    private static final String PROGRAM = "bin/busybox";

    private final List<String> progress = Collections.synchronizedList(new ArrayList<>());

    @TempDir
    private Path cache;

    @BeforeAll
    static void debian() {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/apt-get")),
                "skipped: not a Debian system, apt-get is not installed");
    }

    private DebianPackage fetch() throws Exception {
        return new DebianPackages(cache, progress::add).fetch(NAME, PROGRAM::equals);
    }

    @Test
    void secondFetchNeedsNoNetwork() throws Exception {
        DebianPackage first = fetch();
        assertThat(progress).anyMatch(line -> line.startsWith("downloading " + NAME));
        progress.clear();

        DebianPackage second = fetch();

        assertThat(progress).isEmpty();
        assertThat(second.sha256()).isEqualTo(first.sha256());
        assertThat(second.file(PROGRAM)).isEqualTo(first.file(PROGRAM)).isExecutable();
    }

    @Test
    void damagedFileIsUnpackedAgain() throws Exception {
        Path program = fetch().file(PROGRAM);
        Sha256 good = Sha256.of(program);
        Files.writeString(program, "damaged");
        progress.clear();

        fetch();

        assertThat(Sha256.of(program)).isEqualTo(good);
        assertThat(progress).singleElement().asString().startsWith("unpacking");
    }

    @Test
    void damagedPackageFileIsDownloadedAgain() throws Exception {
        Path program = fetch().file(PROGRAM);
        Files.delete(program);
        try (Stream<Path> files = Files.list(cache)) {
            Files.writeString(files.filter(file -> file.toString().endsWith(".deb")).findFirst().orElseThrow(),
                    "damaged");
        }

        fetch();

        assertThat(program).isExecutable();
    }

    @Test
    void damagedRecordIsLookedUpAgain() throws Exception {
        DebianPackage first = fetch();
        Files.writeString(cache.resolve(NAME + ".properties"), "file=../../etc/passwd\nsha256=12\n");

        assertThat(fetch().sha256()).isEqualTo(first.sha256());
    }

    @Test
    void leftoversOfACrashAreRemoved() throws Exception {
        Files.createDirectories(cache.resolve("half-123/root/x"));
        Files.writeString(cache.resolve("half-123/root/x/y"), "half");

        fetch();

        assertThat(cache.resolve("half-123")).doesNotExist();
    }

    @Test
    void usersOfOneCacheTakeTurns() throws Exception {
        try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
            List<Callable<DebianPackage>> fetches = Collections.nCopies(3, this::fetch);
            for (Future<DebianPackage> fetched : threads.invokeAll(fetches)) {
                assertThat(fetched.get().file(PROGRAM)).isExecutable();
            }
        }
        assertThat(progress).filteredOn(line -> line.startsWith("downloading")).hasSize(1);
    }

    @Test
    void metaPackageOfAKernelStandsForTheKernel() throws Exception {
        Files.createDirectories(cache);
        assertThat(new Apt(cache, progress::add).find("linux-image-cloud-amd64").packageName())
                .matches("linux-image-\\d.*-cloud-amd64");
    }

    @Test
    void unknownPackageIsNamed() {
        assertThatThrownBy(
                () -> new DebianPackages(cache, progress::add).fetch("no-such-package-drover", ignored -> true))
                .isInstanceOf(PackageException.class).hasMessageContaining("no-such-package-drover");
    }

    @Test
    void unknownFileIsNamed() throws Exception {
        DebianPackage busybox = fetch();

        assertThatThrownBy(() -> busybox.file("bin/nothing")).isInstanceOf(PackageException.class)
                .hasMessageContaining("bin/nothing");
    }
}
