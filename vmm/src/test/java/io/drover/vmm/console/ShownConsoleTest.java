package io.drover.vmm.console;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ShownConsoleTest {
    private final ConsoleRing ring = new ConsoleRing();
    private final ConsoleInput input = new ConsoleInput();
    private final ShownConsole shown = new ShownConsole(ring, input);
    private final StringBuilder serial = new StringBuilder();
    private final StringBuilder virtio = new StringBuilder();

    private static int take(StringBuilder into, byte[] data, int from, int count) {
        into.append(new String(data, from, count, StandardCharsets.US_ASCII));
        return count;
    }

    private String printed() {
        byte[] bytes = new byte[100];
        int length = ring.reader(false, () -> {}).read(bytes);
        return new String(bytes, 0, length, StandardCharsets.US_ASCII);
    }

    @Test
    void virtioConsoleTakesOverWithItsFirstByte() {
        shown.connectSerial((data, from, count) -> take(serial, data, from, count));
        shown.connectVirtio((data, from, count) -> take(virtio, data, from, count));
        shown.serialPrints('a');
        input.type("one".getBytes(StandardCharsets.US_ASCII));
        shown.virtioPrints('b');
        shown.serialPrints('c');
        input.type("two".getBytes(StandardCharsets.US_ASCII));
        assertThat(printed()).isEqualTo("ab");
        assertThat(serial).hasToString("one");
        assertThat(virtio).hasToString("two");
    }

    @Test
    void whatTheSerialPortDidNotTakeGoesToTheVirtioConsole() {
        shown.connectSerial((data, from, count) -> take(serial, data, from, 1));
        shown.connectVirtio((data, from, count) -> take(virtio, data, from, count));
        input.type("root\n".getBytes(StandardCharsets.US_ASCII));
        shown.virtioPrints('#');
        assertThat(serial).hasToString("r");
        assertThat(virtio).hasToString("oot\n");
    }
}
