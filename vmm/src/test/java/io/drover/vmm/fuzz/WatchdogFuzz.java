package io.drover.vmm.fuzz;

import io.drover.vmm.watchdog.WatchdogAction;
import io.drover.vmm.watchdog.WatchdogBench;
import java.io.IOException;

/** A watchdog's registers, in memory and in configuration space, and time going by in between. */
public final class WatchdogFuzz {
    private WatchdogFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        FuzzBytes guest = new FuzzBytes(input);
        WatchdogBench bench = new WatchdogBench(WatchdogAction.NONE);
        while (!guest.isUsedUp()) {
            int what = guest.next8();
            int bytes = 1 << (what >>> 6);
            switch (what & 7) {
                case 0 -> bench.setRegister(guest.next8(), bytes, guest.next32());
                case 1 -> bench.register(guest.next8(), bytes);
                case 2 -> bench.setConfig(0x60 + (guest.next8() & 0xF), bytes, guest.next32());
                case 3 -> bench.config(0x60 + (guest.next8() & 0xF), bytes);
                case 4 -> bench.unlock();
                case 5 -> bench.time().stop();
                case 6 -> bench.time().run();
                default -> bench.advanceMillis(guest.next16() & 0x3FF);
            }
            if (bench.timer().mostWaiting() > 1) {
                throw new AssertionError("wake-ups pile up");
            }
            if (bench.log().length() > 1 << 14) {
                throw new AssertionError("the log fills up");
            }
        }
    }
}
