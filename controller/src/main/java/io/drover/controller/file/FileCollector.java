package io.drover.controller.file;

import io.drover.controller.record.Image;
import io.drover.controller.record.Sha256;
import io.drover.controller.record.Versioned;
import io.drover.controller.store.Store;
import java.io.IOException;
import java.time.Duration;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Removes files that no image uses. */
public final class FileCollector {
    private static final Logger log = LoggerFactory.getLogger(FileCollector.class);
    /** Between the upload of a file and the registration of its image. */
    private static final Duration GRACE = Duration.ofHours(6);

    private final FileStore files;
    private final Store store;

    public FileCollector(FileStore files, Store store) {
        this.files = files;
        this.store = store;
    }

    /** Called from time to time. Does nothing while the images cannot be known for certain. */
    public void collect() {
        if (store.awaySince().isPresent() || store.unreadable() > 0) {
            return;
        }
        Set<Sha256> used = store.view().images().values().stream().map(Versioned::value)
                .flatMap(image -> image.source().files().stream()).map(Image.ImageFile::sha256)
                .collect(Collectors.toSet());
        try {
            files.collect(used::contains, GRACE);
        } catch (IOException e) {
            log.warn("unused files could not be removed", e);
        }
    }
}
