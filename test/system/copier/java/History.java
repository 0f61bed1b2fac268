// Writes what this client does as operations of 48 bytes, as test/support/checker/operation.ts draws
// them: into memory first, and to the file before what is about to be done is done.

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;

final class History {
  static final int SEND = 1;
  static final int ACKED = 2;
  static final int COMMITTING = 4;
  static final int COMMITTED = 5;
  static final int ABORTED = 6;
  static final int POSITION = 7;
  static final int READ = 8;
  static final int MOVING = 10;

  /** Detail of reads. */
  static final int READ_COMMITTED = 1;

  static final int DAMAGED = 2;

  private static final int OPERATION_BYTES = 48;
  private static final int HELD_OPERATIONS = 4_096;

  private final int client;
  private final FileOutputStream file;
  private final ByteBuffer held = ByteBuffer.allocate(HELD_OPERATIONS * OPERATION_BYTES);
  private int step;

  /** @param client the number of this life of a process, which no other has */
  History(int client, String path) throws IOException {
    this.client = client;
    file = new FileOutputStream(path, true);
  }

  /** An outcome of a transaction. */
  synchronized void transaction(int kind, int transaction) {
    put(kind, 0, 0, 0, -1, Payload.NONE, transaction);
  }

  /** A position, or an offset that a transaction moves to. */
  synchronized void offset(int kind, int detail, int topic, int partition, long offset, int transaction) {
    put(kind, detail, topic, partition, offset, Payload.NONE, transaction);
  }

  /** Something that was done with a value. */
  synchronized void value(
      int kind, int detail, int topic, int partition, long offset, Payload value, int transaction) {
    put(kind, detail, topic, partition, offset, value, transaction);
  }

  /** After this a kill loses nothing of what was put before. */
  synchronized void flush() {
    try {
      file.write(held.array(), 0, held.position());
      held.clear();
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  private void put(
      int kind, int detail, int topic, int partition, long offset, Payload value, int transaction) {
    if (!held.hasRemaining()) flush();
    held.put((byte) kind).put((byte) detail).putShort((short) topic).putInt(partition);
    held.putLong(offset).putInt(value.sender).putInt(value.number);
    held.putInt(client).putInt(transaction).putInt(++step);
    held.putInt(value.originPartition).putLong(value.originOffset);
  }
}
