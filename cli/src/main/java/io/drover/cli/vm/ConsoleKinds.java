package io.drover.cli.vm;

import io.drover.proto.v1.VmConsoles;
import java.util.Iterator;
import java.util.List;

/** The consoles that there are to choose from. */
final class ConsoleKinds implements Iterable<String> {
    /** As on the command line. */
    enum Kind {
        SERIAL(VmConsoles.Kind.SERIAL), VIRTIO(VmConsoles.Kind.VIRTIO);

        private final VmConsoles.Kind message;

        Kind(VmConsoles.Kind message) {
            this.message = message;
        }

        VmConsoles.Kind message() {
            return message;
        }
    }

    @Override
    public Iterator<String> iterator() {
        return List.of("serial", "virtio").iterator();
    }
}
