package io.drover.vmm.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.vmm.accelerator.CodeGuest;
import io.drover.vmm.client.HostClock;
import io.drover.vmm.client.VmmClient;
import io.drover.vmm.client.VmmLease;
import io.drover.vmm.client.VmmRefusedException;
import io.drover.vmm.client.VmmStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Guests that run only while they hold a lease, on this machine's KVM. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class VmmLeaseTest {
    private static final long LONG = Duration.ofMinutes(5).toNanos();
    private static final long SHORT = Duration.ofMillis(300).toNanos();

    @TempDir
    private Path folder;

    private VmmRig rig;
    private VmmClient client;

    @BeforeEach
    void prepare() throws IOException {
        CodeGuest.openOrSkip().close();
        rig = new VmmRig(folder).vcpus(2).leaseNeeded();
        client = rig.start().connect();
    }

    @AfterEach
    void end() throws Exception {
        if (rig != null) {
            rig.close();
        }
    }

    private VmmStatus await(Predicate<VmmStatus> wanted) throws Exception {
        long deadline = System.nanoTime() + VmmRig.LONG.toNanos();
        VmmStatus status = client.status();
        while (!wanted.test(status)) {
            assertThat(System.nanoTime()).as("deadline; %s", status).isLessThan(deadline);
            status = client.status();
        }
        return status;
    }

    /** The tiny guest polls, so that exits are its heartbeat. */
    private void awaitRunning() throws Exception {
        long before = client.status().exits();
        assertThat(await(status -> status.exits() > before).state()).isEqualTo(VmmStatus.State.RUNNING);
    }

    private void isFrozen() throws Exception {
        long exits = await(status -> status.state() == VmmStatus.State.PAUSED).exits();
        for (int look = 0; look < 100; look++) {
            assertThat(client.status().exits()).isEqualTo(exits);
        }
    }

    @Test
    void guestRunsNoInstructionBeforeItsFirstLease() throws Exception {
        VmmStatus status = await(now -> now.state() == VmmStatus.State.PAUSED);
        assertThat(status.lease()).isEqualTo(new VmmLease.Awaited());
        assertThat(status.pauseAsked()).isFalse();
        client.resume(VmmRig.EPOCH);
        assertThat(client.status().state()).as("nobody's pause was taken back").isEqualTo(VmmStatus.State.PAUSED);
        assertThat(client.status().firstInstruction()).isEmpty();
        assertThat(client.status().exits()).isZero();

        client.renewLease(VmmRig.EPOCH, HostClock.bootNanos() + LONG);
        rig.connectAndAwaitBanner();
        assertThat(client.status().lease()).isInstanceOf(VmmLease.Held.class);
    }

    @Test
    void guestFreezesWhenItsLeaseRunsOutAndGoesOnWhenItIsRenewed() throws Exception {
        for (int round = 0; round < 3; round++) {
            long before = client.status().exits();
            long until = HostClock.bootNanos() + SHORT;
            client.renewLease(VmmRig.EPOCH, until);
            isFrozen();
            assertThat(client.status().exits()).isGreaterThan(before);
            assertThat(HostClock.bootNanos()).isGreaterThan(until);
            assertThat(client.status().lease()).isEqualTo(new VmmLease.Expired(until));
        }
        client.renewLease(VmmRig.EPOCH, HostClock.bootNanos() + LONG);
        awaitRunning();
        rig.connectAndAwaitBanner();
    }

    @Test
    void pauseThatSomebodyAskedForAndALostLeaseAreSeparateFacts() throws Exception {
        client.renewLease(VmmRig.EPOCH, HostClock.bootNanos() + SHORT);
        client.pause();
        await(status -> status.lease() instanceof VmmLease.Expired);
        assertThat(client.status().pauseAsked()).isTrue();
        client.renewLease(VmmRig.EPOCH, HostClock.bootNanos() + SHORT);
        isFrozen();
        await(status -> status.lease() instanceof VmmLease.Expired);
        client.resume(VmmRig.EPOCH);
        assertThat(client.status().pauseAsked()).isFalse();
        isFrozen();
        client.renewLease(VmmRig.EPOCH, HostClock.bootNanos() + LONG);
        awaitRunning();
    }

    @Test
    void vmmThatHasHeardOfAHigherEpochNeverRunsAgain() throws Exception {
        client.renewLease(VmmRig.EPOCH, HostClock.bootNanos() + LONG);
        awaitRunning();
        assertThatThrownBy(() -> client.renewLease(VmmRig.EPOCH + 1, HostClock.bootNanos() + LONG))
                .isInstanceOfSatisfying(VmmRefusedException.class,
                        refused -> assertThat(refused.reason()).isEqualTo("WRONG_EPOCH"));
        isFrozen();
        assertThatThrownBy(() -> client.renewLease(VmmRig.EPOCH, HostClock.bootNanos() + LONG))
                .isInstanceOf(VmmRefusedException.class).hasMessageContaining("never runs the guest again");
        client.resume(VmmRig.EPOCH);
        isFrozen();
        assertThat(client.status().lease()).isEqualTo(new VmmLease.Superseded(VmmRig.EPOCH + 1));
    }

    @Test
    void vmmThatIsInNoHandOffTakesNoHigherEpoch() throws Exception {
        client.renewLease(VmmRig.EPOCH, HostClock.bootNanos() + LONG);
        client.pause();
        for (long epoch : new long[] {VmmRig.EPOCH - 1, VmmRig.EPOCH + 1}) {
            assertThatThrownBy(() -> client.resume(epoch)).isInstanceOfSatisfying(VmmRefusedException.class,
                    refused -> assertThat(refused.reason()).isEqualTo("WRONG_EPOCH"));
        }
        assertThat(client.status().epoch()).isEqualTo(VmmRig.EPOCH);
        isFrozen();
        client.resume(VmmRig.EPOCH);
        awaitRunning();
    }

    @Test
    void renewalsThatAreOverOrOfAnOlderEpochAreRefused() throws Exception {
        assertThatThrownBy(() -> client.renewLease(VmmRig.EPOCH, HostClock.bootNanos()))
                .isInstanceOfSatisfying(VmmRefusedException.class,
                        refused -> assertThat(refused.reason()).isEqualTo("BAD_REQUEST"));
        assertThatThrownBy(() -> client.renewLease(VmmRig.EPOCH - 1, HostClock.bootNanos() + LONG))
                .isInstanceOfSatisfying(VmmRefusedException.class,
                        refused -> assertThat(refused.reason()).isEqualTo("WRONG_EPOCH"));
        assertThat(client.status().lease()).isEqualTo(new VmmLease.Awaited());
        assertThat(client.status().exits()).isZero();
    }

    @Test
    void guestThatIsSavedWithoutALeaseGoesOnHereAndThereOnlyWithOne() throws Exception {
        client.renewLease(VmmRig.EPOCH, HostClock.bootNanos() + SHORT);
        isFrozen();
        Path saved = folder.resolve("saved");
        client.save(saved, true, VmmRig.LONG);
        isFrozen();
        assertThat(client.status().pauseAsked()).as("it is to run on").isFalse();
        client.renewLease(VmmRig.EPOCH, HostClock.bootNanos() + LONG);
        awaitRunning();
        rig.close();

        rig = new VmmRig(Files.createDirectory(folder.resolve("there"))).vcpus(2).leaseNeeded().restore(saved);
        client = rig.start().connect();
        isFrozen();
        assertThat(client.status().exits()).isZero();
        assertThat(client.status().lease()).isEqualTo(new VmmLease.Awaited());
        client.renewLease(VmmRig.EPOCH, HostClock.bootNanos() + LONG);
        awaitRunning();
    }

    /** Its threads were all stopped when the lease ran out: none of them goes back into the guest. */
    @Test
    void vmmThatWasStoppedOverTheEndOfItsLeaseWakesUpFrozen() throws Exception {
        long until = HostClock.bootNanos() + Duration.ofSeconds(1).toNanos();
        client.renewLease(VmmRig.EPOCH, until);
        awaitRunning();
        signal("STOP");
        while (HostClock.bootNanos() < until) {
            Thread.onSpinWait();
        }
        signal("CONT");
        isFrozen();
        assertThat(client.status().lease()).isEqualTo(new VmmLease.Expired(until));
        client.renewLease(VmmRig.EPOCH, HostClock.bootNanos() + LONG);
        awaitRunning();
    }

    private void signal(String name) throws Exception {
        assertThat(new ProcessBuilder("kill", "-" + name, Long.toString(rig.process().pid())).start().waitFor())
                .isZero();
    }
}
