package io.drover.agent.lease;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.agent.driver.VmIdentity;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LeasesTest {
    private static final long LEASE = Duration.ofSeconds(10).toNanos();
    private static final VmIdentity VM = new VmIdentity("web-1", "uid-1", 3);
    private static final VmIdentity OTHER = new VmIdentity("web-2", "uid-2", 1);

    private final BlockingQueue<String> reads = new LinkedBlockingQueue<>();
    private final BlockingQueue<Long> renewals = new LinkedBlockingQueue<>();
    private volatile Optional<IOException> readFails = Optional.empty();
    private volatile boolean ours = true;
    private final Leases leases = new Leases(Duration.ofNanos(LEASE), vm -> {
        // Whoever hears of the read may change the answer to the next one.
        Optional<IOException> fails = readFails;
        boolean answer = ours;
        reads.add(vm.uid());
        if (fails.isPresent()) {
            throw fails.get();
        }
        return answer;
    });

    private long renewed() throws InterruptedException {
        Long until = renewals.poll(30, TimeUnit.SECONDS);
        assertThat(until).as("a renewal").isNotNull();
        return until;
    }

    private String read() throws InterruptedException {
        return reads.poll(30, TimeUnit.SECONDS);
    }

    @Test
    void leaseIsCountedFromTheQuestionAndTheRecordIsReadOnceForASession() throws Exception {
        leases.add(VM, renewals::add);
        leases.alive(7, 100);
        assertThat(renewed()).isEqualTo(100 + LEASE);
        leases.alive(7, 200);
        assertThat(renewed()).isEqualTo(200 + LEASE);
        assertThat(reads).containsExactly("uid-1");

        leases.alive(8, 300);
        assertThat(renewed()).isEqualTo(300 + LEASE);
        assertThat(reads).as("a new session: who knows what was before").containsExactly("uid-1", "uid-1");
    }

    @Test
    void vmThatComesBetweenTwoAnswersGetsTheLastOnesLease() throws Exception {
        leases.alive(7, 100);
        leases.add(VM, renewals::add);
        assertThat(renewed()).isEqualTo(100 + LEASE);
    }

    @Test
    void vmWhoseRecordWasSeenInThisSessionIsNotLookedUpOnceMore() throws Exception {
        leases.alive(7, 100);
        leases.add(VM, renewals::add, 7);
        assertThat(renewed()).isEqualTo(100 + LEASE);
        assertThat(reads).isEmpty();
        // What another session has seen is worth nothing, and so is what was seen before a change.
        leases.add(OTHER, renewals::add, 6);
        assertThat(renewed()).isEqualTo(100 + LEASE);
        assertThat(reads).containsExactly("uid-2");
        leases.doubt("uid-1");
        leases.alive(7, 200);
        renewed();
        renewed();
        assertThat(reads).containsExactly("uid-2", "uid-1");
    }

    @Test
    void nothingIsRenewedBeforeThereIsAnAnswer() throws Exception {
        leases.add(VM, renewals::add);
        leases.add(OTHER, until -> {});
        leases.remove(OTHER, until -> {});
        assertThat(renewals).isEmpty();
        assertThat(reads).isEmpty();
    }

    @Test
    void recordThatNamesAnotherOrCannotBeReadEndsTheRenewals() throws Exception {
        ours = false;
        leases.add(VM, renewals::add);
        leases.alive(7, 100);
        assertThat(read()).isEqualTo("uid-1");
        readFails = Optional.of(new IOException("ZooKeeper is away"));
        leases.alive(7, 200);
        assertThat(read()).isEqualTo("uid-1");
        assertThat(renewals).isEmpty();
        readFails = Optional.empty();
        ours = true;
        leases.alive(7, 300);
        assertThat(renewed()).isEqualTo(300 + LEASE);
    }

    @Test
    void recordThatMayHaveChangedIsReadBeforeTheNextLease() throws Exception {
        leases.add(VM, renewals::add);
        leases.alive(7, 100);
        renewed();
        read();
        ours = false;
        leases.doubt("uid-1");
        leases.alive(7, 200);
        assertThat(read()).isEqualTo("uid-1");
        leases.alive(7, 300);
        assertThat(read()).isEqualTo("uid-1");
        assertThat(renewals).isEmpty();
    }

    @Test
    void machineThatHangsKeepsNoOtherWaiting() throws Exception {
        CountDownLatch hangs = new CountDownLatch(1);
        leases.add(VM, until -> {
            try {
                hangs.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        leases.add(OTHER, renewals::add);
        for (long sent = 1; sent < 5; sent++) {
            leases.alive(7, sent);
            assertThat(renewed()).isEqualTo(sent + LEASE);
        }
        hangs.countDown();
    }

    @Test
    void machineThatRefusesIsOfferedTheNextLeaseAndOneThatIsGoneIsNot() throws Exception {
        LeaseHolder refuses = until -> {
            renewals.add(until);
            throw new IOException("no");
        };
        leases.add(VM, refuses);
        leases.alive(7, 1);
        assertThat(renewed()).isEqualTo(1 + LEASE);
        leases.alive(7, 2);
        assertThat(renewed()).isEqualTo(2 + LEASE);
        leases.remove(VM, until -> {});
        assertThat(leases.vms()).as("another has its place").containsExactly(VM);
        leases.remove(VM, refuses);
        assertThat(leases.vms()).isEmpty();
    }
}
