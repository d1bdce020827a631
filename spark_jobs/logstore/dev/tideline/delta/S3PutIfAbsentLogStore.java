package dev.tideline.delta;

import io.delta.storage.S3SingleDriverLogStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.util.Arrays;
import java.util.Iterator;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.s3a.S3AFileSystem;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.S3Exception;

/**
 * A Delta log store in which S3 itself decides who commits a version: the commit is put only if its name is free
 * (If-None-Match), so that of two drivers one gets FileAlreadyExistsException, which is Delta's own conflict.
 *
 * <p>Hadoop 3.4.1 has no conditional create, but hands out its client. Encryption is the bucket's own: nothing is named.
 */
public final class S3PutIfAbsentLogStore extends S3SingleDriverLogStore {
    private static final int TAKEN = 412;
    private static final int RACING = 409;
    private static final int ROUNDS = 20;
    private static final long PAUSE_MS = 100;

    public S3PutIfAbsentLogStore(Configuration configuration) {
        super(configuration);
    }

    /** Writes a commit whole or not at all; checkpoints' pointers (overwrite) go Delta's usual way. */
    @Override
    public void write(Path path, Iterator<String> actions, Boolean overwrite, Configuration configuration)
            throws IOException {
        if (overwrite) {
            super.write(path, actions, true, configuration);
            return;
        }
        byte[] content = (String.join("\n", (Iterable<String>) () -> actions) + "\n").getBytes(StandardCharsets.UTF_8);
        S3Client client = client(path, configuration);
        for (int round = 0; round < ROUNDS; round++) {
            try {
                client.putObject(ifAbsent(path), RequestBody.fromBytes(content));
                return;
            } catch (S3Exception refused) {
                if (refused.statusCode() == TAKEN) {
                    answerTaken(client, path, content);
                    return;
                }
                if (refused.statusCode() != RACING) {
                    throw unknown(path, refused);
                }
                pause(path);
            } catch (SdkException silent) {
                throw unknown(path, silent);
            }
        }
        throw new IOException("TL-LOGSTORE-002 others write " + path + " all the time; outcome: not written");
    }

    /** Taken by this very commit: the first answer was lost and the client asked again. Else another writer won. */
    private static void answerTaken(S3Client client, Path path, byte[] content) throws IOException {
        byte[] held;
        try {
            held = client.getObjectAsBytes(GetObjectRequest.builder().bucket(bucket(path)).key(key(path)).build())
                    .asByteArray();
        } catch (SdkException error) {
            throw unknown(path, error);
        }
        if (!Arrays.equals(held, content)) {
            throw new FileAlreadyExistsException(path.toString());
        }
    }

    private static S3Client client(Path path, Configuration configuration) throws IOException {
        FileSystem system = path.getFileSystem(configuration);
        if (!(system instanceof S3AFileSystem)) {
            throw new IOException("TL-LOGSTORE-003 " + path + " is served by " + system.getClass().getName()
                    + ", commits need S3A. Fix: fs.s3.impl=org.apache.hadoop.fs.s3a.S3AFileSystem");
        }
        return ((S3AFileSystem) system).getS3AInternals().getAmazonS3Client("a commit that is written once");
    }

    private static PutObjectRequest ifAbsent(Path path) {
        return PutObjectRequest.builder()
                .bucket(bucket(path))
                .key(key(path))
                .overrideConfiguration(request -> request.putHeader("If-None-Match", "*"))
                .build();
    }

    private static String bucket(Path path) {
        return path.toUri().getHost();
    }

    private static String key(Path path) {
        return path.toUri().getPath().substring(1);
    }

    private static IOException unknown(Path path, Exception error) {
        return new IOException("TL-LOGSTORE-001 it is not known if " + path + " was written: " + error.getMessage(), error);
    }

    private static void pause(Path path) throws IOException {
        try {
            Thread.sleep(PAUSE_MS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw unknown(path, interrupted);
        }
    }
}
