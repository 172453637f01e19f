package io.drover.cli.vm;

import java.util.Iterator;
import java.util.List;

/** The drivers that there are. */
final class DriverNames implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
        return List.of("kvm", "qemu").iterator();
    }
}
