# The addon: the C library, what SWIG wrote of it, and the driver, in one file. librunner is compiled
# against the headers of Node, whose own libuv it has to use: nothing is linked but Node.
# scripts/sources.js knows where the C library is.
{
  'targets': [{
    'target_name': 'librunner',
    # Of the name of a target, gyp takes the first three letters off.
    'product_name': 'librunner',
    'sources': ['<!@(node scripts/sources.js sources <(OS))'],
    'include_dirs': ['<!@(node scripts/sources.js include)'],
    # RUNNER_STATIC: on Windows nothing is imported from a DLL.
    # A Worker may be terminated in any call: what cannot be thrown then is dropped, and does not abort.
    'defines': ['NAPI_VERSION=9', 'LIBRUNNER_ADDON', 'RUNNER_STATIC', '_GNU_SOURCE',
                'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS'],
    'cflags': ['-fvisibility=hidden'],
    'cflags_c': [
      '-std=c11',
      # The names of the library end in this file, below, so none can be replaced.
      '-fno-semantic-interposition',
      # Not -I: a module, wait.h, must not stand in for the system's header of that name.
      '<!@(node scripts/sources.js quoted)',
    ],
    'conditions': [
      ['OS=="linux"', {
        'ldflags': [
          # Two names leave it: a librunner.so in the same process keeps its own.
          '-Wl,--version-script=../src/exports.map',
          # The last Worker that has used it may end while threads still have values of ours.
          '-Wl,-z,nodelete',
        ],
      }],
      ['OS=="mac"', {
        'xcode_settings': {
          'GCC_C_LANGUAGE_STANDARD': 'c11',
          'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
          'OTHER_CFLAGS': ['<!@(node scripts/sources.js quoted)'],
          'OTHER_LDFLAGS': [
            '-Wl,-exported_symbol,_napi_register_module_v1',
            '-Wl,-exported_symbol,_node_api_module_get_api_version_v1',
          ],
        },
      }],
    ],
  }],
}
