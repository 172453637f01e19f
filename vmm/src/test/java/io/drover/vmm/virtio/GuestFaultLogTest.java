package io.drover.vmm.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.log.Log;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class GuestFaultLogTest {
    @Test
    void guestThatNeverStopsFillsNoDisk() {
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        GuestFaultLog log = new GuestFaultLog(
                new Log(new PrintStream(written, true, StandardCharsets.UTF_8), "vm"), "disk0");
        for (int fault = 0; fault < 100_000; fault++) {
            log.warn("fault " + fault);
        }
        assertThat(written.toString(StandardCharsets.UTF_8).lines()).hasSizeBetween(32, 40)
                .allMatch(line -> line.contains("vm=vm disk0: fault "));
    }
}
