package io.drover.vmm.accelerator;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.memory.PageSet;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class DirtyLogTest {
    /** Page 5, an exit, page 9, an exit, page 5 again, an exit. */
    private static final byte[] WRITER = CodeGuest.code(0xC6, 0x05, 0x00, 0x50, 0, 0, 1, 0xE6, 0x80, 0xC6, 0x05, 0xFF,
            0x9F, 0, 0, 1, 0xE6, 0x80, 0xC6, 0x05, 0x01, 0x50, 0, 0, 1, 0xE6, 0x80, 0xF4);

    @Test
    void pagesThatCpusWriteAreLoggedOnceEach() throws IOException {
        try (CodeGuest guest = CodeGuest.create(WRITER, 1)) {
            DirtyLog log = guest.partition().dirtyLog();
            guest.cpu().bind();
            log.start();
            assertThat(collect(guest, log)).isEmpty();

            guest.cpu().run();
            assertThat(collect(guest, log)).containsExactly(5L);
            guest.cpu().run();
            assertThat(collect(guest, log)).as("only what is new").containsExactly(9L);
            guest.cpu().run();
            assertThat(collect(guest, log)).as("written again after it was collected").containsExactly(5L);
            assertThat(collect(guest, log)).isEmpty();
            log.stop();
            guest.cpu().unbind();
        }
    }

    @Test
    void stoppedLogBeginsAnewFromNothing() throws IOException {
        try (CodeGuest guest = CodeGuest.create(WRITER, 1)) {
            DirtyLog log = guest.partition().dirtyLog();
            guest.cpu().bind();
            log.start();
            guest.cpu().run();
            log.stop();
            guest.cpu().run();

            log.start();
            assertThat(collect(guest, log)).isEmpty();
            guest.cpu().run();
            assertThat(collect(guest, log)).containsExactly(5L);
            log.stop();
            guest.cpu().unbind();
        }
    }

    private static List<Long> collect(CodeGuest guest, DirtyLog log) throws IOException {
        PageSet pages = new PageSet(guest.memory().pages());
        log.collect(pages);
        List<Long> all = new ArrayList<>();
        for (long page = pages.next(0); page >= 0; page = pages.next(page + 1)) {
            all.add(page);
        }
        return all;
    }
}
