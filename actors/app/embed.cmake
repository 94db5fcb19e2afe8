# embed_web(TARGET): the page's files and the browser libraries of Debian become part of TARGET, as web_assets.hpp shows
# them.
function(embed_web target)
  set(folder ${CMAKE_SOURCE_DIR}/actors/app/web)
  file(GLOB_RECURSE names RELATIVE ${folder} CONFIGURE_DEPENDS ${folder}/*)
  foreach(name ${names})
    set(file_of_${name} ${folder}/${name})
  endforeach()
  # Each library as its package has it: see LICENSES in the page's folder.
  find_file(DYGRAPH_JS dygraph.min.js PATHS /usr/share/javascript/dygraphs NO_DEFAULT_PATH REQUIRED)
  find_file(DYGRAPH_CSS dygraph.min.css PATHS /usr/share/javascript/dygraphs NO_DEFAULT_PATH REQUIRED)
  find_file(DAGRE_JS dagre.min.js PATHS /usr/share/nodejs/dagre/dist NO_DEFAULT_PATH REQUIRED)
  set(file_of_lib/dygraph.js ${DYGRAPH_JS})
  set(file_of_lib/dygraph.css ${DYGRAPH_CSS})
  set(file_of_lib/dagre.js ${DAGRE_JS})
  list(APPEND names lib/dygraph.js lib/dygraph.css lib/dagre.js)
  list(SORT names)

  set(number 0)
  foreach(name ${names})
    set(file ${file_of_${name}})
    list(APPEND files ${file})
    string(APPEND data
           "asm(\".section .rodata\\n.balign 16\\ntroupe_asset_${number}:\\n.incbin \\\"${file}\\\"\\n\"\n"
           "    \"troupe_asset_${number}_end:\\n.byte 0\\n.previous\");\n"
           "extern \"C\" const char troupe_asset_${number}[], troupe_asset_${number}_end[];\n")
    string(APPEND table "      {\"${name}\", bytes(troupe_asset_${number}, troupe_asset_${number}_end)},\n")
    math(EXPR number "${number} + 1")
  endforeach()
  set(WEB_DATA "${data}")
  set(WEB_TABLE "${table}")
  configure_file(${CMAKE_SOURCE_DIR}/actors/app/web_assets.cpp.in ${CMAKE_BINARY_DIR}/web_assets.cpp @ONLY)
  set_source_files_properties(${CMAKE_BINARY_DIR}/web_assets.cpp PROPERTIES OBJECT_DEPENDS "${files}")
  target_sources(${target} PRIVATE ${CMAKE_BINARY_DIR}/web_assets.cpp)
endfunction()
