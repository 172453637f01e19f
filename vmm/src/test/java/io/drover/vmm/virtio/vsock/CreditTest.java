package io.drover.vmm.virtio.vsock;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class CreditTest {
    /** A guest that keeps to what it was told, and tells at once what it has read. */
    @Property(tries = 200)
    void guestThatKeepsToItsCreditIsNeverRefusedAndNeverStuck(@ForAll long seed,
            @ForAll @IntRange(min = 1, max = 1 << 20) int guestBuffer) {
        Random random = new Random(seed);
        Credit credit = new Credit();
        long guestSent = 0;
        long toldForwarded = 0;
        long guestReceived = 0;
        long guestForwarded = 0;
        credit.heard(guestBuffer, 0);
        for (int step = 0; step < 500; step++) {
            switch (random.nextInt(5)) {
                case 0 -> {
                    long free = Credit.WINDOW_BYTES - (guestSent - toldForwarded);
                    long bytes = random.nextLong(free + 1);
                    assertThat(credit.receive(bytes)).isTrue();
                    guestSent += bytes;
                }
                case 1 -> credit.forward(random.nextInt(credit.held() + 1));
                case 2 -> {
                    toldForwarded = guestSent - credit.held();
                    assertThat(credit.tell()).isEqualTo((int) toldForwarded);
                }
                case 3 -> {
                    long may = credit.maySend();
                    assertThat(may).isEqualTo(guestBuffer - (guestReceived - guestForwarded));
                    int bytes = (int) random.nextLong(may + 1);
                    credit.sent(bytes);
                    guestReceived += bytes;
                    assertThat(guestReceived - guestForwarded).isLessThanOrEqualTo(guestBuffer);
                }
                default -> {
                    guestForwarded += random.nextLong(guestReceived - guestForwarded + 1);
                    credit.heard(guestBuffer, (int) guestForwarded);
                }
            }
            if (credit.held() == 0 && !credit.isNews()) {
                assertThat(guestSent - toldForwarded).as("what the guest thinks is held, when nothing is")
                        .isLessThan(Credit.WINDOW_BYTES);
            }
        }
    }

    @Property
    void nothingThatAGuestClaimsAllowsMoreThanTheWindow(@ForAll int buffer, @ForAll int forwarded,
            @ForAll @IntRange(min = 0, max = 1 << 30) int sent) {
        Credit credit = new Credit();
        credit.heard(-1, 0);
        credit.sent(sent);
        credit.heard(buffer, forwarded);
        assertThat(credit.maySend()).isBetween(0L, Integer.toUnsignedLong(buffer));
        assertThat(credit.receive(Credit.WINDOW_BYTES)).isTrue();
        assertThat(credit.receive(1)).isFalse();
        assertThat(credit.receive(0xFFFF_FFFFL)).isFalse();
        assertThat(credit.held()).isEqualTo(Credit.WINDOW_BYTES);
    }

    @Test
    void countsGoAround() {
        Credit credit = new Credit();
        for (long total = 0; total < 3L << 32; total += 1 << 28) {
            credit.heard(1 << 28, (int) total);
            assertThat(credit.maySend()).isEqualTo(1 << 28);
            credit.sent(1 << 28);
            assertThat(credit.maySend()).isZero();
        }
    }

    @Test
    void guestThatShrinksItsBufferHasNoRoom() {
        Credit credit = new Credit();
        credit.heard(1000, 0);
        credit.sent(600);
        credit.heard(500, 0);
        assertThat(credit.maySend()).isZero();
        credit.heard(500, 200);
        assertThat(credit.maySend()).isEqualTo(100);
    }

    @Test
    void guestThatForwardsMoreThanItWasSentHasNoRoom() {
        Credit credit = new Credit();
        credit.heard(1000, 5);
        assertThat(credit.maySend()).isZero();
    }

    @Test
    void roomIsNewsWhenHalfTheWindowIs() {
        Credit credit = new Credit();
        assertThat(credit.receive(Credit.WINDOW_BYTES)).isTrue();
        credit.forward(Credit.WINDOW_BYTES / 2 - 1);
        assertThat(credit.isNews()).isFalse();
        credit.forward(1);
        assertThat(credit.isNews()).isTrue();
        assertThat(credit.tell()).isEqualTo(Credit.WINDOW_BYTES / 2);
        assertThat(credit.isNews()).isFalse();
    }
}
