package io.drover.vmm.serial;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.bus.RandomAccesses;
import io.drover.vmm.interrupt.RecordedLine;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class Uart16550Test {
    private static final int DATA = 0;
    private static final int IER = 1;
    private static final int IIR = 2;
    private static final int FCR = 2;
    private static final int LCR = 3;
    private static final int MCR = 4;
    private static final int LSR = 5;
    private static final int MSR = 6;
    private static final int SCR = 7;
    private static final int OUT2 = 8;
    private static final int LOOPBACK = 16;

    private final RecordedLine line = new RecordedLine();
    private final ByteArrayOutputStream output = new ByteArrayOutputStream();
    private int roomMessages;
    private final Uart16550 uart = new Uart16550(line, output::write, () -> roomMessages++);

    @Test
    void afterResetTheTransmitterIsEmptyAndNothingIsPending() {
        assertThat(get(LSR)).isEqualTo(0x60);
        assertThat(get(IIR)).isEqualTo(0x01);
        assertThat(get(MSR)).isEqualTo(0xB0);
        assertThat(get(IER)).isZero();
        assertThat(line.asserted()).isFalse();
    }

    @Test
    void whatIsWrittenComesOutInOrder() {
        for (char c : "hello".toCharArray()) {
            put(DATA, c);
        }
        assertThat(output.toString(StandardCharsets.US_ASCII)).isEqualTo("hello");
        assertThat(get(LSR)).isEqualTo(0x60);
    }

    @Test
    void enablingTheTransmitterInterruptArmsItAndReadingTheIdentityClearsIt() {
        put(MCR, OUT2);
        put(IER, 2);
        assertThat(line.asserted()).isTrue();
        assertThat(get(IIR)).isEqualTo(0x02);
        assertThat(line.asserted()).isFalse();
        assertThat(get(IIR)).isEqualTo(0x01);

        put(IER, 2);
        assertThat(line.asserted()).as("no edge, not armed again").isFalse();
        put(IER, 0);
        put(IER, 2);
        assertThat(line.asserted()).isTrue();
    }

    @Test
    void eachByteSentGivesAnEdgeEvenWhenTheIdentityIsNotRead() {
        put(MCR, OUT2);
        put(IER, 2);
        for (int sent = 1; sent <= 5; sent++) {
            put(DATA, 'x');
            assertThat(line.asserted()).isTrue();
            assertThat(line.edges()).isEqualTo(1 + sent);
        }
    }

    @Test
    void aDriverThatSendsOnInterruptsAloneSendsEverything() {
        byte[] text = new byte[10_000];
        new Random(1).nextBytes(text);
        put(FCR, 1);
        put(MCR, OUT2);
        put(IER, 2);
        int sent = 0;
        int handled = 0;
        while (sent < text.length && line.edges() > handled) {
            handled = line.edges();
            if ((get(IIR) & 0x0F) == 2) {
                for (int i = 0; i < 16 && sent < text.length; i++) {
                    put(DATA, text[sent++]);
                }
            }
        }
        assertThat(output.toByteArray()).isEqualTo(text);
    }

    @Test
    void identityShowsTheFifosWhenTheyAreOn() {
        put(FCR, 1);
        assertThat(get(IIR)).isEqualTo(0xC1);
        put(FCR, 0);
        assertThat(get(IIR)).isEqualTo(0x01);
    }

    @Test
    void inputRaisesItsInterruptUntilItIsRead() {
        put(MCR, OUT2);
        put(IER, 1);
        assertThat(offer("ab")).isEqualTo(2);
        assertThat(line.asserted()).isTrue();
        assertThat(get(IIR)).isEqualTo(0x04);
        assertThat(get(LSR)).isEqualTo(0x61);
        assertThat(get(DATA)).isEqualTo('a');
        assertThat(line.asserted()).isTrue();
        assertThat(get(DATA)).isEqualTo('b');
        assertThat(line.asserted()).isFalse();
        assertThat(get(LSR)).isEqualTo(0x60);
        assertThat(get(DATA)).isZero();
    }

    @Test
    void belowTheTriggerLevelItIsATimeout() {
        put(FCR, 0x81);
        put(IER, 1);
        offer("1234567");
        assertThat(get(IIR)).isEqualTo(0xCC);
        offer("8");
        assertThat(get(IIR)).isEqualTo(0xC4);
        get(DATA);
        assertThat(get(IIR)).isEqualTo(0xCC);
    }

    @Test
    void inputGoesBeforeOutputInPriority() {
        put(IER, 3);
        offer("x");
        assertThat(get(IIR)).isEqualTo(0x04);
        get(DATA);
        assertThat(get(IIR)).isEqualTo(0x02);
    }

    @Test
    void interruptsAreGatedByOut2() {
        put(IER, 1);
        offer("x");
        assertThat(line.asserted()).isFalse();
        put(MCR, OUT2);
        assertThat(line.asserted()).isTrue();
        put(MCR, OUT2 | LOOPBACK);
        assertThat(line.asserted()).isFalse();
    }

    @Test
    void inputIsBoundedAndTheHostIsToldWhenThereIsRoom() {
        put(FCR, 1);
        byte[] paste = new byte[10_000];
        new Random(2).nextBytes(paste);
        int offered = uart.offer(paste, 0, paste.length);
        assertThat(offered).isEqualTo(Uart16550.INPUT_QUEUE_BYTES);

        ByteArrayOutputStream seen = new ByteArrayOutputStream();
        int told = 0;
        while ((get(LSR) & 1) != 0) {
            seen.write(get(DATA));
            if (roomMessages > told) {
                told = roomMessages;
                offered += uart.offer(paste, offered, paste.length - offered);
            }
        }
        assertThat(seen.toByteArray()).isEqualTo(paste);
        assertThat(told).isBetween(1, 8);
    }

    @Test
    void aHostThatWasNeverRefusedIsNotTold() {
        offer("some input");
        while ((get(LSR) & 1) != 0) {
            get(DATA);
        }
        assertThat(roomMessages).isZero();
    }

    @Test
    void clearingTheReceiverDropsTheFifoOnly() {
        put(FCR, 1);
        offer("0123456789abcdefX");
        put(FCR, 3);
        assertThat(get(DATA)).isEqualTo('X');
    }

    @Test
    void loopbackBringsOutputBackAndOverrunsLikeTheChip() {
        put(FCR, 1);
        put(MCR, LOOPBACK);
        put(IER, 4);
        offer("from the host");
        for (int i = 0; i < 17; i++) {
            put(DATA, 'a' + i);
        }
        assertThat(output.size()).isZero();
        assertThat(get(IIR)).isEqualTo(0xC6);
        assertThat(get(LSR)).isEqualTo(0x63);
        assertThat(get(LSR)).isEqualTo(0x61);
        for (int i = 0; i < 16; i++) {
            assertThat(get(DATA)).isEqualTo('a' + i);
        }
        put(MCR, 0);
        assertThat(get(DATA)).isEqualTo('f');
    }

    @Test
    void loopbackTiesTheModemLinesTogether() {
        // What Linux does to find out whether a port is there.
        put(MCR, LOOPBACK | 0x0A);
        assertThat(get(MSR) & 0xF0).isEqualTo(0x90);
        put(MCR, LOOPBACK | 0x05);
        assertThat(get(MSR)).isEqualTo(0x60 | 0x0B);
        put(MCR, LOOPBACK);
        assertThat(get(MSR)).as("ring ended, DSR fell").isEqualTo(0x06);
        assertThat(get(MSR)).isZero();
    }

    @Test
    void modemChangesInterruptWhenEnabled() {
        put(IER, 8);
        put(MCR, LOOPBACK);
        assertThat(get(IIR)).isZero();
        get(MSR);
        assertThat(get(IIR)).isEqualTo(1);
    }

    @Test
    void divisorLatchHidesDataAndInterruptEnable() {
        put(IER, 5);
        put(LCR, 0x83);
        put(DATA, 0x34);
        put(IER, 0x12);
        assertThat(get(DATA)).isEqualTo(0x34);
        assertThat(get(IER)).isEqualTo(0x12);
        put(LCR, 3);
        assertThat(get(IER)).isEqualTo(5);
        assertThat(get(LCR)).isEqualTo(3);
        assertThat(output.size()).isZero();
    }

    @Test
    void registersKeepTheBitsThatExist() {
        put(IER, 0xFF);
        put(MCR, 0xFF);
        put(SCR, 0xA5);
        assertThat(get(IER)).isEqualTo(0x0F);
        assertThat(get(MCR)).isEqualTo(0x1F);
        assertThat(get(SCR)).isEqualTo(0xA5);
        put(LSR, 0);
        assertThat(get(LSR)).isEqualTo(0x60);
    }

    @Property(tries = 300)
    void anyAccessIsAnsweredAndTheLineTellsThePendingState(@ForAll long seed) {
        Random random = new Random(seed);
        for (int round = 0; round < 5; round++) {
            RandomAccesses.to(uart, Uart16550.PORTS, random.nextLong());
            uart.offer(new byte[300], 0, random.nextInt(300));
            put(LCR, 3);
            boolean gated = (get(MCR) & (OUT2 | LOOPBACK)) == OUT2;
            boolean asserted = line.asserted();
            assertThat(asserted).isEqualTo(gated && (get(IIR) & 1) == 0);
        }
    }

    private int offer(String text) {
        return uart.offer(text.getBytes(StandardCharsets.US_ASCII), 0, text.length());
    }

    private int get(int register) {
        return (int) uart.read(register, 1);
    }

    private void put(int register, int value) {
        uart.write(register, 1, value & 0xFF);
    }
}
